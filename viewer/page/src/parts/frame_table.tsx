import { useMemo, useState } from 'preact/hooks';
import * as format from '../format';
import { change } from '../router';
import { Name } from './basics';
import type { Box, Layout } from './flame_layout';
import { Table, type Column } from './table';

const kMostFrames = 5000;

export function FlameHelp() {
  return <>Click selects, again or double click zooms; drag moves, Ctrl and wheel scales. <kbd>?</kbd> has the keys.</>;
}

/** The frames of a flame graph for those who cannot see it; made when it is opened, as there may be many. */
export function FrameTable<Data>({ layout, zoomed, caption, columns }: {
  layout: Layout<Data>; zoomed: Box<Data>; caption: string; columns: readonly Column<Box<Data>>[];
}) {
  const [open, setOpen] = useState(false);
  const boxes = useMemo(() => open ? (zoomed.descendants() as Box<Data>[]).filter((box) => box !== layout.root)
    .sort((a, b) => a.depth - b.depth || (b.value ?? 0) - (a.value ?? 0)).slice(0, kMostFrames) : [], [zoomed, layout, open]);
  return <details class="as-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
    <summary>The same as a table</summary>
    {open && <Table caption={caption} rows={boxes} keyOf={(box) => box.key} id="t" search={false}
      empty="No frames." columns={[
        { key: 'depth', title: 'Depth', numeric: true, value: (box) => box.depth },
        ...columns,
        { key: 'name', title: 'Function', wide: true, value: (box) => box.data.name, show: (box) => <button type="button" class="link"
          onClick={() => change({ zoom: box.key, span: undefined, sel: box.key }, 'step')}><Name text={box.data.name} most={110} /></button> },
        { key: 'from', title: 'Called from', value: (box) => box.parent?.data.name ?? '', show: (box) => <Name text={format.shortName(box.parent?.data.name ?? '')} most={50} /> },
      ]} />}
  </details>;
}
