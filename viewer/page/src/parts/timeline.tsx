import uPlot from 'uplot';
import { useMemo, useRef } from 'preact/hooks';
import { request, useAnswer, type Request } from '../answers';
import * as format from '../format';
import type { Snapshot, TimelineRow } from '../rows';
import { colour } from '../theme';
import { Chart } from './chart';

export const timelineRequest: Request = request('timeline');
export const snapshotsRequest: Request = request('snapshots', { limit: 500 });

/** A list of rows, or an object that holds one. */
function rowsOf(data: unknown): TimelineRow[] {
  const list = Array.isArray(data) ? data
    : Object.values(data as Record<string, unknown>).find((value) => Array.isArray(value) && typeof value[0] === 'object') ?? [];
  return (list as readonly Partial<TimelineRow>[])
    .filter((row) => typeof row.seconds === 'number' && typeof row.live_bytes === 'number')
    .map((row) => ({ seconds: row.seconds!, live_bytes: row.live_bytes!, live_blocks: row.live_blocks ?? 0,
      allocations: row.allocations ?? 0, resident_bytes: row.resident_bytes ?? null }));
}

/** The process over time; where the analyzer has no such report, its snapshots. */
export function useTimeline(): { rows: readonly TimelineRow[]; marks: readonly Snapshot[]; pending: boolean } {
  const timeline = useAnswer<unknown>(timelineRequest);
  const snapshots = useAnswer<Snapshot[]>(snapshotsRequest);
  const marks = snapshots.data ?? [];
  const rows = useMemo(() => timeline.data ? rowsOf(timeline.data) : [...marks].filter((mark) => mark.cause !== 'exit')
    .sort((a, b) => a.seconds - b.seconds)
    .map((mark) => ({ ...mark, allocations: 0 })), [timeline.data, snapshots.data]);
  return { rows, marks, pending: timeline.pending || snapshots.pending };
}

interface Props {
  readonly rows: readonly TimelineRow[];
  readonly marks?: readonly Snapshot[];
  readonly height?: number;
  readonly peakSeconds?: number;
  readonly window?: { readonly from?: number | undefined; readonly to?: number | undefined };
  readonly onWindow?: (from: number, to: number) => void;
}

const kByteSteps = Array.from({ length: 50 }, (_, i) => 2 ** i);

function drawMarks(chart: uPlot, props: Props): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textBaseline = 'top';
  const line = (seconds: number, label: string, strong: boolean, occupied: number) => {
    const x = chart.valToPos(seconds, 'x', true);
    if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1) return occupied;
    ctx.strokeStyle = colour(strong ? 'text-muted' : 'border-strong');
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash(strong ? [] : [2 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    if (!label) return occupied;
    const width = ctx.measureText(label).width;
    const left = Math.min(x + 4 * devicePixelRatio, bbox.left + bbox.width - width);
    if (left < occupied) return occupied;
    ctx.fillStyle = colour('text-muted');
    ctx.fillText(label, left, Math.max(0, bbox.top - 15 * devicePixelRatio));
    return left + width + 8 * devicePixelRatio;
  };
  let occupied = 0;
  for (const mark of [...(props.marks ?? [])].sort((a, b) => a.seconds - b.seconds)) {
    if (mark.cause === 'exit') continue;
    occupied = line(mark.seconds, format.shorten(mark.label, 20), mark.cause === 'peak', occupied);
  }
  const { from, to } = props.window ?? {};
  if (from !== undefined || to !== undefined) {
    const left = Math.max(bbox.left, from === undefined ? bbox.left : chart.valToPos(from, 'x', true));
    const right = Math.min(bbox.left + bbox.width, to === undefined ? Infinity : chart.valToPos(to, 'x', true));
    ctx.fillStyle = colour('accent-soft');
    ctx.globalAlpha = 0.55;
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
    ctx.globalAlpha = 1;
    ctx.fillStyle = colour('accent');
    for (const x of [left, right]) ctx.fillRect(x - devicePixelRatio, bbox.top, 2 * devicePixelRatio, bbox.height);
  }
  ctx.restore();
}

export function Timeline(props: Props) {
  const { rows, height = 220 } = props;
  const latest = useRef(props);
  latest.current = props;
  const data = useMemo<uPlot.AlignedData>(() => [
    rows.map((row) => row.seconds),
    rows.map((row) => row.live_bytes),
    rows.map((row) => row.resident_bytes || null),
  ], [rows]);
  const axis = (side: Partial<uPlot.Axis>): uPlot.Axis => ({
    stroke: colour('text-muted'),
    font: '12px system-ui, sans-serif',
    grid: { stroke: colour('grid'), width: 1 },
    ticks: { show: false },
    ...side,
  });
  const options = (width: number): uPlot.Options => ({
    width,
    height,
    padding: [18, 26, 0, 4],
    legend: { show: false },
    cursor: { y: false, drag: { x: Boolean(props.onWindow), y: false, setScale: false },
      points: { size: 7 } },
    scales: { x: { time: false }, y: { range: (_, __, most) => [0, Math.max(1024, (most ?? 0) * 1.05)] } },
    axes: [
      axis({ size: 30, values: (_, ticks) => ticks.map((tick) => tick === 0 ? '0 s' : format.seconds(tick)), space: 90,
        grid: { show: false } }),
      axis({ values: (_, ticks) => ticks.map((tick) => format.bytes(tick).replace('.0 ', ' ')), size: 72, space: 36,
        incrs: kByteSteps }),
    ],
    series: [
      {},
      { label: 'Live heap', stroke: colour('accent'), width: 2, fill: colour('accent-soft'), points: { show: rows.length < 3 } },
      { label: 'Resident', stroke: colour('second'), width: 1.5, dash: [5, 3], points: { show: rows.length < 3 } },
    ],
    hooks: {
      draw: [(chart) => drawMarks(chart, latest.current)],
      setCursor: [(chart) => {
        const at = chart.cursor.idx;
        const reading = chart.root.parentElement?.parentElement?.querySelector('.reading');
        if (!reading) return;
        const row = at == null ? undefined : latest.current.rows[at];
        reading.textContent = row ? `${format.seconds(row.seconds)}: ${format.bytes(row.live_bytes)} live` +
          (row.resident_bytes ? `, ${format.bytes(row.resident_bytes)} resident` : '') : ' ';
      }],
      setSelect: [(chart) => {
        const { left, width: wide } = chart.select;
        if (wide < 3) return;
        const from = Math.max(0, chart.posToVal(left, 'x'));
        const to = chart.posToVal(left + wide, 'x');
        chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        latest.current.onWindow?.(from, to);
      }],
    },
  });
  if (rows.length < 2 || rows[0]!.seconds === rows[rows.length - 1]!.seconds) return <p class="empty">The run was too short for a timeline.</p>;
  const highest = Math.max(...rows.map((row) => row.live_bytes));
  const resident = Math.max(...rows.map((row) => row.resident_bytes ?? 0));
  const label = `Live heap over ${format.seconds(rows[rows.length - 1]!.seconds)}, at most ${format.bytes(highest)}` +
    (resident ? `; resident at most ${format.bytes(resident)}` : '');
  return <figure class="timeline">
    <figcaption>
      <span class="key live">Live heap</span>
      {resident > 0 && <span class="key resident">Resident</span>}
      {(props.marks?.length ?? 0) > 0 && <span class="key mark">Snapshot</span>}
      <span class="reading" aria-hidden="true">{' '}</span>
    </figcaption>
    <Chart options={options} data={data} label={label} height={height}
      version={`${props.window?.from ?? ''} ${props.window?.to ?? ''} ${props.marks?.length ?? 0} ${rows.length < 3}`} />
  </figure>;
}
