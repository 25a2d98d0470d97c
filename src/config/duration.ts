/** A time as Lightning writes it: text, or the arguments of Python's timedelta. */
export type Duration = string | Readonly<Partial<Record<keyof typeof SECONDS, number | undefined>>>;

const SECONDS = { weeks: 604_800, days: 86_400, hours: 3_600, minutes: 60, seconds: 1 } as const;

/** Days of any number of digits, the rest of two (Lightning 2.4, lightning/pytorch/callbacks/timer.py). */
const TEXT = /^(\d+):(\d\d):(\d\d):(\d\d)$/u;

/** The seconds of "DD:HH:MM:SS" or {hours: 1, minutes: 30}; null when it is neither, or no time at all. */
export function durationSeconds(duration: Duration): number | null {
  const parts = typeof duration === 'string' ? partsOf(duration) : duration;
  if (parts === null) return null;
  const seconds = Object.entries(SECONDS).reduce((sum, [unit, length]) => sum + (parts[unit as keyof typeof SECONDS] ?? 0) * length, 0);
  return seconds > 0 && Number.isFinite(seconds) ? seconds : null;
}

function partsOf(text: string): Exclude<Duration, string> | null {
  const match = TEXT.exec(text);
  if (match === null) return null;
  const [days, hours, minutes, seconds] = match.slice(1).map(Number);
  return { days, hours, minutes, seconds };
}
