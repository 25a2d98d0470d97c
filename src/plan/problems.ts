import { plural } from '../contracts/plural.ts';
import { composeMessage, type ErrorCode, type Problem, RootstockError } from '../errors.ts';

/** One thing that keeps a run from being planned. */
export interface PlanProblem extends Problem {
  readonly code: ErrorCode;
  /** What to do about it. */
  readonly fix: string;
}

/** Gathers all problems of a plan, so that they are reported at once. */
export interface ProblemCollector {
  add(...problems: readonly PlanProblem[]): void;
  /** Does something that may throw a RootstockError, which is kept; gives undefined then. */
  attempt<T>(work: () => T): T | undefined;
  /** Throws one error with everything gathered, if there is anything. Its code is that of the first problem; `details.problems` has all of them. */
  throwAny(): void;
}

/** Creates an empty collector for a run of that name. */
export function createProblemCollector(runName: string): ProblemCollector {
  const found: (PlanProblem | RootstockError)[] = [];
  return {
    add(...problems) {
      found.push(...problems);
    },
    attempt(work) {
      try {
        return work();
      } catch (error) {
        if (!(error instanceof RootstockError)) throw error;
        found.push(error);
        return undefined;
      }
    },
    throwAny() {
      const [first] = found;
      if (first === undefined) return;
      // A lone error keeps its own headline and fix.
      if (found.length === 1 && first instanceof RootstockError) throw first;
      throw planFailure(runName, distinct(found.flatMap((each) => (each instanceof RootstockError ? unfold(each) : [each]))));
    },
  };
}

function planFailure(runName: string, problems: readonly PlanProblem[]): RootstockError {
  const fixes = [...new Set(problems.map(({ fix }) => fix).filter((fix) => fix !== ''))].map((fix) => fix.replace(/\.$/, ''));
  const fix = fixes.length === 0 ? undefined : `${fixes.slice(0, 5).join('; ')}.`;
  return new RootstockError(
    problems[0]?.code ?? 'CONFIG_INVALID',
    composeMessage(`The run "${runName}" cannot be planned: ${problems.length} ${plural(problems.length, 'problem')}.`, problems, fix),
    { problems: problems.map(({ code, where, text }) => ({ code, where, text })) },
  );
}

/** Takes apart an error that lists problems, as those of `match` and `resolveFreeze` do. */
function unfold(error: RootstockError): readonly PlanProblem[] {
  const fix = /\nFix: ([^\n]*)/.exec(error.message)?.[1] ?? '';
  const listed = error.details.problems as readonly (Problem & { readonly code?: ErrorCode })[] | undefined;
  if (listed === undefined || listed.length === 0) {
    return [{ code: error.code, where: '', text: error.message.replace(/\nFix: [^]*$/, ''), fix }];
  }
  return listed.map(({ code, where, text }) => ({ code: code ?? error.code, where, text, fix }));
}

function distinct(problems: readonly PlanProblem[]): readonly PlanProblem[] {
  return [...new Map(problems.map((problem) => [`${problem.code} ${problem.where} ${problem.text}`, problem])).values()];
}
