import { useEffect, useRef, useState } from 'preact/hooks';

const kSettleMs = 500;
let listener: (text: string) => void = () => {};
let timer = 0;

/** Says it to those who do not see the page; of what follows quickly only the last. */
export function announce(text: string): void {
  clearTimeout(timer);
  timer = window.setTimeout(() => listener(text), kSettleMs);
}

/** Says what this text becomes, not what it is at first: that is read with the page. */
export function useAnnounced(text: string): void {
  const before = useRef(text);
  useEffect(() => {
    if (before.current !== text && text) announce(text);
    before.current = text;
  }, [text]);
}

/** The one place on the page from which changes are read out. */
export function Announcer() {
  const [text, setText] = useState('');
  useEffect(() => {
    listener = setText;
    return () => { listener = () => {}; };
  }, []);
  return <p class="visually-hidden announcer" role="status" aria-live="polite">{text}</p>;
}
