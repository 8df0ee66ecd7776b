import uPlot from 'uplot';
import { useMemo, useRef, useState } from 'preact/hooks';
import { request, useAnswer, type Request } from '../answers';
import * as format from '../format';
import type { Snapshot, TimelineRow } from '../rows';
import { colour } from '../theme';
import { Chart } from './chart';

export const timelineRequest: Request = request('timeline', { limit: 1000 });
export const snapshotsRequest: Request = request('snapshots', { limit: 500 });

const kNoRows: readonly TimelineRow[] = [];
const kNoMarks: readonly Snapshot[] = [];

/** The process over time, and the snapshots as marks. */
export function useTimeline(): { rows: readonly TimelineRow[]; marks: readonly Snapshot[]; pending: boolean; error: string | undefined } {
  const timeline = useAnswer<TimelineRow[]>(timelineRequest);
  const snapshots = useAnswer<Snapshot[]>(snapshotsRequest);
  // Together: a chart that is made anew when its marks come would flicker.
  const both = snapshots.data !== undefined || snapshots.error !== undefined;
  return { rows: both && timeline.data || kNoRows, marks: snapshots.data ?? kNoMarks, pending: timeline.pending || snapshots.pending, error: timeline.error };
}

type Point = Pick<TimelineRow, 'seconds' | 'live_bytes'> & { readonly resident_bytes: number | null };

interface Props {
  readonly rows: readonly Point[];
  readonly marks?: readonly Snapshot[];
  readonly height?: number;
  readonly peakSeconds?: number;
  readonly window?: { readonly from?: number | undefined; readonly to?: number | undefined };
  readonly onWindow?: (from: number, to: number) => void;
}

// Beside a resident set that is so many times as high the live heap would be a flat line.
const kDwarfed = 4;

const kByteSteps = Array.from({ length: 50 }, (_, i) => 2 ** i);

function drawMarks(chart: uPlot, props: Props): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textBaseline = 'top';
  ctx.textAlign = 'left';
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
    ctx.fillStyle = colour('surface');
    ctx.globalAlpha = 0.65;
    ctx.fillRect(bbox.left, bbox.top, left - bbox.left, bbox.height);
    ctx.fillRect(right, bbox.top, bbox.left + bbox.width - right + devicePixelRatio, bbox.height);
    ctx.globalAlpha = 1;
    ctx.setLineDash([]);
    ctx.fillStyle = colour('accent');
    for (const x of [left, right]) ctx.fillRect(x - devicePixelRatio, bbox.top, 2 * devicePixelRatio, bbox.height);
  }
  ctx.restore();
}

// Between so few points a curve would be made up.
const kFewPoints = 12;

/** The process was looked at now and then; snapshots are exact, and one of them is the peak. */
function pointsOf(rows: readonly Point[], marks: readonly Snapshot[]): readonly Point[] {
  const sampled = new Set(rows.map((row) => row.seconds));
  const exact = marks.filter((mark) => mark.cause !== 'exit' && !sampled.has(mark.seconds));
  return [...rows, ...exact].sort((a, b) => a.seconds - b.seconds);
}

export function Timeline(given: Props) {
  const { height = 220, marks } = given;
  const rows = useMemo(() => pointsOf(given.rows, marks ?? []), [given.rows, marks]);
  const props = { ...given, rows };
  const latest = useRef(props);
  latest.current = props;
  const highest = rows.reduce((most, row) => Math.max(most, row.live_bytes), 0);
  const resident = rows.reduce((most, row) => Math.max(most, row.resident_bytes ?? 0), 0);
  const [wished, wish] = useState<boolean>();
  const withResident = resident > 0 && (wished ?? resident <= kDwarfed * highest);
  const data = useMemo<uPlot.AlignedData>(() => [
    rows.map((row) => row.seconds),
    rows.map((row) => row.live_bytes),
    rows.map((row) => withResident ? row.resident_bytes || undefined : null),
  ], [rows, withResident]);
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
      axis({ size: 30, values: (_, ticks) => ticks.map((tick) => tick === 0 ? '0 s' : format.seconds(tick).replace(/\.0+ /, ' ')), space: 90,
        grid: { show: false } }),
      axis({ values: (_, ticks) => ticks.map((tick) => format.bytes(tick).replace('.0 ', ' ')), size: 72, space: 36,
        incrs: kByteSteps }),
    ],
    series: [
      {},
      { label: 'Live heap', stroke: colour('accent'), width: 2, fill: colour('accent-soft'), points: { show: rows.length <= kFewPoints } },
      { label: 'Resident', stroke: colour('second'), width: 1.5, dash: [5, 3], points: { show: rows.length <= kFewPoints } },
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
        const to = Math.min(chart.posToVal(left + wide, 'x'), latest.current.rows[latest.current.rows.length - 1]!.seconds);
        chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        latest.current.onWindow?.(from, to);
      }],
    },
  });
  if (rows.length < 2 || rows[0]!.seconds === rows[rows.length - 1]!.seconds) return <p class="empty">The run was too short for a timeline.</p>;
  const label = `Live heap over ${format.seconds(rows[rows.length - 1]!.seconds)}, at most ${format.bytes(highest)}` +
    (resident ? `; resident at most ${format.bytes(resident)}` : '');
  return <figure class="timeline">
    <figcaption>
      <span class="key live">Live heap</span>
      {resident > 0 && <button type="button" class="key resident" aria-pressed={withResident} onClick={() => wish(!withResident)}>
        Resident{withResident ? '' : `, up to ${format.bytes(resident)}: show`}</button>}
      {(props.marks?.length ?? 0) > 0 && <span class="key mark">Snapshot</span>}
      <span class="reading" aria-hidden="true">{' '}</span>
    </figcaption>
    <Chart options={options} data={data} label={label} height={height}
      version={`${withResident} ${props.window?.from ?? ''} ${props.window?.to ?? ''} ${props.marks?.length ?? 0} ${rows.length <= kFewPoints}`} />
  </figure>;
}
