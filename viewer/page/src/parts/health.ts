import * as format from '../format';

export interface Reason { readonly condition: string; readonly what: string; readonly rule: string; readonly value: number | null; readonly warning: number; readonly critical: number; readonly advice: string | null }
export interface Health { readonly condition: string; readonly reasons: readonly Reason[] }

/** What the recording does not tell is not 0. */
export function written(rule: string, value: number | null): string {
  if (value === null) return 'not known';
  if (rule.endsWith('_share')) return format.share(value);
  if (/bytes|growth/.test(rule)) return format.bytes(value);
  return format.count(value);
}
