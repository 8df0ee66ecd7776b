import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Recording } from './answers';

export const RecordingContext = createContext<Recording | null>(null);

export function useRecordingFacts(): Recording | null {
  return useContext(RecordingContext);
}
