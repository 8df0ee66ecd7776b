import uPlot from 'uplot';
import { useEffect, useRef } from 'preact/hooks';
import { useTheme } from '../theme';

interface Props {
  readonly options: (width: number) => uPlot.Options;
  readonly data: uPlot.AlignedData;
  readonly label: string;
  readonly height: number;
  /** Anything beside the theme on which the options depend. */
  readonly version?: string;
  readonly onReady?: (chart: uPlot) => void;
}

export function Chart({ options, data, label, height, version = '', onReady }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const { dark } = useTheme();
  useEffect(() => {
    const element = box.current!;
    const width = () => Math.max(200, element.clientWidth);
    const made = new uPlot({ ...options(width()), height }, data, element);
    chart.current = made;
    onReady?.(made);
    const observer = new ResizeObserver(() => {
      if (width() !== made.width) made.setSize({ width: width(), height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [dark, version, height]);
  useEffect(() => {
    if (chart.current && chart.current.data !== data) chart.current.setData(data);
  }, [data]);
  const style = { minHeight: `${height}px` };
  return <div class="chart" ref={box} role="img" aria-label={label} style={style} />;
}
