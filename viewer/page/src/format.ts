// Figures as the command line writes them: analyzer/render/format.cpp.

/** Rounds ties to even as fmt does; toFixed rounds them up. A tie is an odd multiple of 2^-(digits+1). */
export function fixed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const scaled = Math.abs(value) * 2 ** (digits + 1);
  if (!Number.isSafeInteger(scaled) || scaled % 2 === 0) return sign + text;
  const steps = Math.floor(Math.abs(value) * 10 ** digits);
  const even = steps % 2 === 0 ? steps : steps + 1;
  return sign + (even / 10 ** digits).toFixed(digits);
}

export function count(value: number): string {
  const digits = String(Math.abs(Math.trunc(value)));
  return (value < 0 ? '-' : '') + digits.replace(/\B(?=(\d{3})+$)/g, ',');
}

export function bytes(value: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
  const whole = Math.round(value);
  if (Math.abs(whole) < 1024) return `${whole} B`;
  let scaled = whole / 1024;
  let unit = 0;
  while (Math.abs(scaled) >= 1023.95 && unit + 1 < units.length) {
    scaled /= 1024;
    ++unit;
  }
  return `${fixed(scaled, 1)} ${units[unit]}`;
}

export function exactBytes(value: number): string {
  return Math.abs(value) < 1024 ? bytes(value) : `${bytes(value)} (${count(value)} bytes)`;
}

export function share(value: number): string {
  const percent = value * 100;
  if (percent === 0) return '0 %';
  if (percent === 100) return '100 %';
  if (Math.abs(percent) < 0.05) return '<0.1 %';
  if (percent >= 99.95 && percent < 100) return '>99.9 %';
  return `${fixed(percent, 1)} %`;
}

export function duration(nanoseconds: number): string {
  const seconds = nanoseconds / 1e9;
  if (nanoseconds === 0) return '0 s';
  if (seconds < 1e-3) return `${fixed(seconds * 1e6, 0)} us`;
  if (seconds < 1) return `${fixed(seconds * 1e3, 1)} ms`;
  if (seconds < 120) return `${fixed(seconds, 2)} s`;
  const whole = Math.round(seconds);
  if (whole < 7200) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor(whole / 60) % 60} min`;
}

export function seconds(value: number): string {
  return duration(Math.trunc(value * 1e9));
}

export function plural(number: number, singular: string): string {
  return `${count(number)} ${singular}${number === 1 ? '' : 's'}`;
}

export function signedBytes(value: number): string {
  return value > 0 ? `+${bytes(value)}` : bytes(value);
}

export function signedCount(value: number): string {
  return value > 0 ? `+${count(value)}` : count(value);
}

/** The time of a call, which is often below a microsecond. */
export function callTime(nanoseconds: number): string {
  if (nanoseconds < 1000) return `${fixed(nanoseconds, 0)} ns`;
  if (nanoseconds < 1e6) return `${fixed(nanoseconds / 1e3, 1)} us`;
  return duration(nanoseconds);
}

/** A name without arguments of functions and templates. */
export function shortName(name: string): string {
  if (name.length > 20_000) name = name.slice(0, 20_000);
  let out = '';
  let depth = 0;
  for (let i = 0; i < name.length; ++i) {
    if (depth === 0) {
      const keep = ['(anonymous namespace)', 'operator()', 'operator<<', 'operator<=>', 'operator<=', 'operator<',
        'operator>>', 'operator->', 'operator>=', 'operator>'].find((word) => name.startsWith(word, i));
      if (keep) {
        out += keep;
        i += keep.length - 1;
        continue;
      }
    }
    const c = name[i]!;
    if (c === '<' || c === '(' || c === '{') {
      if (c === '{' && depth === 0) {
        const end = name.indexOf('}', i);
        if (end > 0) {
          out += name.slice(i, end + 1);
          i = end;
          continue;
        }
      }
      if (c === '<' && depth === 0) out += '<>';
      ++depth;
    } else if (c === '>' || c === ')' || c === '}') {
      if (depth > 0) --depth;
    } else if (depth === 0) {
      out += c;
    }
  }
  out = out.replace(/ const$/, '').trim();
  const space = out.lastIndexOf(' ');
  if (space > 0 && !/operator /.test(out) && !out.startsWith('(') && !out.includes('(anonymous namespace)') &&
      /^[\w:<>&* ,~]+$/.test(out)) {
    out = out.slice(space + 1);
  }
  return out || name;
}

/** Cut in the middle: both ends of a symbol tell something. */
export function shorten(text: string, most: number): string {
  if (text.length <= most) return text;
  const half = Math.floor((most - 1) / 2);
  return `${text.slice(0, half)}…${text.slice(text.length - half)}`;
}

export function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
