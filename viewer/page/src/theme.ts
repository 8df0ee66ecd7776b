import { useEffect, useState } from 'preact/hooks';

export type Theme = 'auto' | 'light' | 'dark';

const kStored = 'heapscribe-theme';
const listeners = new Set<() => void>();

function stored(): Theme {
  try {
    const value = localStorage.getItem(kStored);
    if (value === 'light' || value === 'dark') return value;
  } catch { /* a page from disk may have no storage */ }
  return 'auto';
}

let chosen: Theme = typeof localStorage === 'undefined' ? 'auto' : stored();

function apply(): void {
  if (chosen === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = chosen;
  listeners.forEach((listener) => listener());
}

export function startTheme(): void {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', apply);
  apply();
}

export function chooseTheme(theme: Theme): void {
  chosen = theme;
  try {
    localStorage.setItem(kStored, theme);
  } catch { /* then it lasts as long as the page */ }
  apply();
}

export function isDark(): boolean {
  return chosen === 'dark' || (chosen === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
}

export function calm(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}

/** The choice, and whether that is dark now; redraws on a change. */
export function useTheme(): { chosen: Theme; dark: boolean } {
  const [, update] = useState(0);
  useEffect(() => {
    const listener = () => update((n) => n + 1);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return { chosen, dark: isDark() };
}

/** A colour of style.css, for what is drawn. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
