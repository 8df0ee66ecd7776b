import { hierarchy, partition, type HierarchyRectangularNode } from 'd3-hierarchy';

export interface Branch<Data> {
  readonly name: string;
  readonly value: number;
  readonly data: Data | null;
  readonly children: readonly Branch<Data>[];
}

export type Box<Data> = HierarchyRectangularNode<Branch<Data>> & { key: string; at: number };

export interface Layout<Data> {
  readonly root: Box<Data>;
  /** By depth, each from left to right. */
  readonly levels: readonly (readonly Box<Data>[])[];
  readonly byKey: ReadonlyMap<string, Box<Data>>;
  readonly boxes: number;
}

// FNV-1a: short, and the same for the same path whatever else is in the tree, so that links and a
// growing recording keep their place.
function hash(text: string, seed: number): number {
  let value = seed;
  for (let i = 0; i < text.length; ++i) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

export function layOut<Data>(tree: Branch<Data>): Layout<Data> {
  const made = hierarchy<Branch<Data>>(tree, (branch) => branch.children as Branch<Data>[]);
  made.each((node) => { (node as { value?: number }).value = node.data.value; });
  made.sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  const root = partition<Branch<Data>>().size([1, made.height + 1])(made) as Box<Data>;
  const levels: Box<Data>[][] = [];
  const byKey = new Map<string, Box<Data>>();
  const seeds = new Map<Box<Data>, number>();
  let boxes = 0;
  root.each((plain) => {
    const box = plain as Box<Data>;
    const parent = box.parent as Box<Data> | null;
    let value = hash(box.data.name, parent ? seeds.get(parent)! : 0x811c9dc5);
    while (byKey.has(value.toString(36))) value = (value + 1) >>> 0;
    seeds.set(box, value);
    box.key = value.toString(36);
    byKey.set(box.key, box);
    const level = (levels[box.depth] ??= []);
    level.push(box);
    ++boxes;
  });
  for (const level of levels) {
    level.sort((a, b) => a.x0 - b.x0);
    level.forEach((box, i) => { box.at = i; });
  }
  return { root, levels, byKey, boxes };
}

/** The first of a level that ends right of x. */
export function firstAfter<Data>(level: readonly Box<Data>[], x: number): number {
  let low = 0;
  let high = level.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (level[middle]!.x1 > x) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** What of the root matches, counting nothing twice that lies within a match. */
export function matched<Data>(layout: Layout<Data>, query: string): { keys: Set<string>; share: number } {
  const keys = new Set<string>();
  const wanted = query.toLowerCase();
  if (!wanted) return { keys, share: 0 };
  let sum = 0;
  const inside = new Set<Box<Data>>();
  for (const level of layout.levels) {
    for (const box of level) {
      const within = box.parent !== null && inside.has(box.parent as Box<Data>);
      const found = box.depth > 0 && box.data.name.toLowerCase().includes(wanted);
      if (found) keys.add(box.key);
      if (found && !within) sum += box.value ?? 0;
      if (found || within) inside.add(box);
    }
  }
  const total = layout.root.value ?? 0;
  return { keys, share: total > 0 ? sum / total : 0 };
}
