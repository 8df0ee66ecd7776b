// Shapes of the reports' JSON that several views share; README.md and analyzer/README.md describe them.

export interface Frame {
  readonly function: string;
  readonly file: string;
  readonly line: number;
  readonly module: string;
  readonly inlined: boolean;
}

export interface Blamed {
  readonly function: string;
  readonly file: string;
  readonly line: number;
  readonly module: string;
}

export interface SiteRow extends Blamed {
  readonly site?: number;
  readonly sites?: number;
  readonly kind?: string;
  readonly share: number;
  readonly allocations: number;
  readonly bytes: number;
  readonly mean_size: number;
  readonly live_blocks: number;
  readonly live_bytes: number;
  readonly peak_bytes: number;
  readonly peak_blocks?: number;
  readonly temporary: number;
  readonly temporary_share: number;
  readonly allocations_error: number;
  readonly bytes_error: number;
  readonly live_blocks_error: number;
  readonly live_bytes_error: number;
  readonly min_size?: number;
  readonly max_size?: number;
  readonly stack?: readonly Frame[];
}

export interface TreeRow extends Blamed {
  readonly inlined: boolean;
  readonly share: number;
  readonly allocations: number;
  readonly bytes: number;
  readonly live_blocks: number;
  readonly live_bytes: number;
  readonly peak_bytes: number;
  readonly temporary: number;
  readonly hidden_children: number;
  readonly children: readonly TreeRow[];
}

export interface Finding {
  readonly kind: string;
  readonly sentence: string;
  readonly command: string;
  readonly share: number;
}

export interface Summary {
  readonly program: string;
  readonly command_line: string;
  readonly pid: number | null;
  readonly mode: string;
  readonly state: string;
  readonly exit: { readonly kind: string; readonly text: string };
  readonly allocations: number;
  readonly frees: number;
  readonly reallocations: number;
  readonly allocated_bytes: number;
  readonly freed_bytes: number;
  readonly live_blocks: number;
  readonly live_bytes: number;
  readonly peak_bytes: number;
  readonly peak_seconds: number;
  readonly peak_error_bytes: number;
  readonly temporary_allocations: number;
  readonly failed_calls: number;
  readonly threads: number;
  readonly duration_seconds: number;
  readonly sites: number;
  readonly leak_check: Readonly<Record<string, number | string | boolean>>;
  readonly losses: Readonly<Record<string, number>>;
  readonly by_kind: readonly { readonly kind: string; readonly allocations: number; readonly bytes: number }[];
  readonly findings: readonly Finding[];
}

export interface Snapshot {
  readonly id: number;
  readonly label: string;
  readonly seconds: number;
  readonly cause: string;
  readonly live_bytes: number;
  readonly live_blocks: number;
  readonly sites: number;
  readonly resident_bytes: number | null;
}

export interface TimelineRow {
  readonly seconds: number;
  readonly live_bytes: number;
  readonly live_blocks: number;
  readonly allocations: number;
  readonly bytes: number;
  readonly frees: number;
  readonly resident_bytes: number | null;
}

/** The function that stands for a missing stack. */
export const kNoStack = '(stack not recorded)';
