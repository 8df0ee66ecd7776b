import 'uplot/dist/uPlot.min.css';
import './style.css';
import { render, type ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ask, askRecording, isStatic, refresh, request, type Recording } from './answers';
import { Announcer } from './parts/announce';
import { LiveBadge } from './parts/badge';
import { FilterBar } from './parts/filter_bar';
import { Keys } from './parts/keys';
import { OneFile } from './parts/one_file';
import { Which } from './parts/which';
import { go, linkWithFilters, usePlace } from './router';
import { chooseTheme, startTheme, useTheme, type Theme } from './theme';
import { isLacking, views, type View } from './views';
import { RecordingContext } from './recording';
import type { Summary } from './rows';
import { shorten, lastPart } from './format';

const kPollMs = 2000;

function useRecording(): { recording: Recording | null; program: string; error: string } {
  const [recording, setRecording] = useState<Recording | null>(null);
  const [program, setProgram] = useState('');
  const [error, setError] = useState('');
  useEffect(() => {
    let timer = 0;
    let stopped = false;
    let isNamed = false;  // the name is asked for once: of a large recording a summary takes a second
    const poll = async (first: boolean) => {
      try {
        if (!first && !document.hidden) refresh();
        const [next, summary] = await Promise.all([askRecording(), isNamed ? null : ask(request('summary')).catch(() => null)]);
        if (stopped) return;
        setError('');
        setRecording((old) => old && JSON.stringify(old) === JSON.stringify(next) ? old : next);
        if (summary) {
          isNamed = true;
          setProgram((summary.data as Summary).program);
        }
        if (next.live) timer = window.setTimeout(() => void poll(false), kPollMs);
      } catch (problem) {
        if (stopped) return;
        setError(problem instanceof Error ? problem.message : String(problem));
        if (!first) timer = window.setTimeout(() => void poll(false), 3 * kPollMs);
      }
    };
    void poll(true);
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, []);
  return { recording, program, error };
}

function ThemeSwitch() {
  const { chosen } = useTheme();
  const next: Record<Theme, Theme> = { auto: 'light', light: 'dark', dark: 'auto' };
  const words: Record<Theme, string> = { auto: 'as the system', light: 'light', dark: 'dark' };
  const signs: Record<Theme, string> = { auto: '◐', light: '○', dark: '●' };
  return <button type="button" class="quiet" onClick={() => chooseTheme(next[chosen])}
    title={`Colours: ${words[chosen]}`} aria-label={`Colours: ${words[chosen]}. Change`}>
    <span aria-hidden="true">{signs[chosen]}</span></button>;
}

function Navigation({ recording, current }: { recording: Recording | null; current: string }) {
  // Until it is known what the recording has, what it may lack stands nowhere, so that nothing moves.
  const shown = views.filter((view) => recording ? !isLacking(view, recording) : view.remedy === undefined);
  const lacking = recording ? views.filter((view) => isLacking(view, recording)) : [];
  const groups = [...new Set(shown.map((view) => view.group))];
  const open = useRef<HTMLDetailsElement>(null);
  const [wide, setWide] = useState(() => matchMedia('(min-width: 1000px)').matches);
  useEffect(() => {
    const query = matchMedia('(min-width: 1000px)');
    const listener = () => setWide(query.matches);
    query.addEventListener('change', listener);
    return () => query.removeEventListener('change', listener);
  }, []);
  const title = views.find((view) => view.id === current)?.title ?? '';
  const link = (view: View, more?: ComponentChildren) => <li key={view.id}>
    <a href={linkWithFilters(view.id)} aria-current={view.id === current ? 'page' : undefined}
      onClick={() => { if (open.current) open.current.open = false; }}>{view.title}{more}</a>
  </li>;
  const list = [
    ...groups.map((group) => <section key={group}>
      <h2>{group}</h2>
      <ul>{shown.filter((view) => view.group === group).map((view) => link(view))}</ul>
    </section>),
    lacking.length > 0 && <section key="lacking" class="lacking">
      <h2>Not in this recording</h2>
      <ul>{lacking.map((view) => link(view, <>{' '}<code>{view.remedy}</code></>))}</ul>
    </section>,
  ];
  if (wide) return <nav aria-label="Reports">{list}</nav>;
  return <nav aria-label="Reports" class="folded">
    <details ref={open}><summary>{title}</summary><div class="folded-list">{list}</div></details>
  </nav>;
}

function Page() {
  const { recording, program, error } = useRecording();
  const place = usePlace();
  const [keysShown, showKeys] = useState(false);
  const view = views.find((candidate) => candidate.id === place.view);
  const heading = useRef<HTMLHeadingElement>(null);
  const before = useRef(place.view);

  useEffect(() => {
    document.title = `${view?.title ?? 'Not found'} – ${shorten(program, 60) || 'heapscribe'}`;
    if (before.current !== place.view) {
      before.current = place.view;
      window.scrollTo(0, 0);
      heading.current?.focus({ preventScroll: true });
    }
  }, [place.view, program]);

  useEffect(() => {
    let pending = 0;
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      const typing = target.closest('input:not([type=radio]), textarea, select') !== null;
      if (event.key === 'Escape' && typing) {
        heading.current?.focus({ preventScroll: true });
        return;
      }
      if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
      if (pending && event.timeStamp - pending < 1500) {
        pending = 0;
        const wanted = views.find((candidate) => candidate.letter === event.key);
        if (wanted) {
          event.preventDefault();
          event.stopPropagation();
          go(linkWithFilters(wanted.id));
        }
        return;
      }
      if (event.key === 'g') pending = event.timeStamp;
      else if (event.key === '?') showKeys(true);
      else if (event.key === '/') {
        const search = document.getElementById('search') ?? document.querySelector<HTMLElement>('.filters input');
        search?.focus();
        (search as HTMLInputElement | null)?.select?.();
      } else return;
      event.preventDefault();
    };
    window.addEventListener('keydown', onKey, true);
    return () => window.removeEventListener('keydown', onKey, true);
  }, []);

  return <RecordingContext.Provider value={recording}>
    <a class="skip" href="#content" onClick={(event) => {
      event.preventDefault();
      heading.current?.focus();
    }}>Skip to the report</a>
    <header class="top">
      <a class="brand" href={linkWithFilters('overview')}><svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true">
        <rect x="1" y="9" width="4" height="6" rx="1" /><rect x="6" y="5" width="4" height="10" rx="1" /><rect x="11" y="1" width="4" height="14" rx="1" />
      </svg>heapscribe</a>
      <div class="what">
        <bdi class="program">{shorten(program, 60)}</bdi>
        {recording && <bdi class="path" title={recording.path}>{shorten(lastPart(recording.path), 50)}
          {recording.other ? ` → ${shorten(lastPart(recording.other), 50)}` : ''}</bdi>}
        {recording && <LiveBadge recording={recording} />}
        {isStatic() && <span class="tag">one file</span>}
      </div>
      <div class="top-actions">
        <button type="button" class="quiet" onClick={() => showKeys(true)} title="Keys (?)" aria-label="Show the keys"><kbd>?</kbd></button>
        <ThemeSwitch />
      </div>
    </header>
    <div class="frame">
      <Navigation recording={recording} current={place.view} />
      <main id="content">
        {error && <div class="problem" role="alert"><p>{error}</p></div>}
        <div class="head">
          <h1 ref={heading} tabIndex={-1}>{view?.title ?? 'There is no such report'}</h1>
          {view && <FilterBar view={view} />}
        </div>
        {isStatic() && place.view === 'overview' && <OneFile />}
        {view && <Which view={view} recording={recording} />}
        {view ? <view.component key={view.id} /> : <p><a href="#/overview">Go to the overview</a></p>}
        {isStatic() && place.view !== 'overview' && <OneFile />}
      </main>
    </div>
    <Announcer />
    {keysShown && <Keys views={views} onClose={() => showKeys(false)} />}
  </RecordingContext.Provider>;
}

startTheme();
render(<Page />, document.getElementById('page')!);
