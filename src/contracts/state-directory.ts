/** The layout of a state directory (`--state`, default `.rootstock`), in one place. All paths are absolute when `stateDir` is. */
export function stateLayout(stateDir: string) {
  return {
    root: stateDir,
    store: `${stateDir}/store`,
    server: `${stateDir}/server`,
    cache: `${stateDir}/cache`,
    workers: `${stateDir}/workers`,
    samples: `${stateDir}/samples`,
  } as const;
}

/** Directory of a stage's sample logs: which rows every optimizer step saw. */
export function sampleLogDirectory(stateDir: string, stageKey: string): string {
  return `${stateLayout(stateDir).samples}/${stageKey}`;
}

/** The raw log of one attempt (lease): appended while it runs, kept as it is. */
export function rawSampleLog(stateDir: string, stageKey: string, lease: number): string {
  return `${sampleLogDirectory(stateDir, stageKey)}/lease-${lease}.jsonl`;
}

/** The committed log: a concatenation of prefixes of the raw ones, each step once. */
export function committedSampleLog(stateDir: string, stageKey: string): string {
  return `${sampleLogDirectory(stateDir, stageKey)}/committed.jsonl`;
}
