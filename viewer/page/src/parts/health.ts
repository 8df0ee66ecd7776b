import * as format from '../format';

export interface Reason { readonly condition: string; readonly what: string; readonly rule: string; readonly value: number; readonly warning: number; readonly critical: number; readonly advice: string | null }
export interface Health { readonly condition: string; readonly reasons: readonly Reason[] }

export function written(rule: string, value: number): string {
  if (rule.endsWith('_share')) return format.share(value);
  if (/bytes|growth/.test(rule)) return format.bytes(value);
  return format.count(value);
}
