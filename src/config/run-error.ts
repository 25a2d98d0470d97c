import { plural } from '../contracts/plural.ts';
import { composeMessage, type ErrorCode, RootstockError } from '../errors.ts';
import type { LocatedIssue } from './issue.ts';

/** Problems listed in an error's details; the count is always exact. */
const MAX_LISTED = 1000;

/** Composes one error of all problems of a run file. Its code is theirs when they share one, else CONFIG_INVALID. */
export function runError(source: string, found: readonly LocatedIssue[]): RootstockError {
  const issues = inFileOrder(source, found);
  const codes = new Set(issues.map(({ code }) => code));
  const code: ErrorCode = codes.size === 1 ? (issues[0]?.code ?? 'CONFIG_INVALID') : 'CONFIG_INVALID';
  const message = composeMessage(
    `${JSON.stringify(source)} has ${issues.length} ${plural(issues.length, 'problem')}.`,
    issues.map(({ where, text }) => ({ where, text })),
    'docs/run-file.md explains every key; "rootstock schema" prints a JSON Schema for your editor.',
  );
  return new RootstockError(code, message, { source, count: issues.length, problems: issues.slice(0, MAX_LISTED) });
}

/** Problems of the file by line and column, others (`--set`) after them in the order found. */
function inFileOrder(source: string, issues: readonly LocatedIssue[]): LocatedIssue[] {
  const position = ({ where }: LocatedIssue): readonly [number, number] => {
    const match = where.startsWith(`${source}:`) ? /^(\d+):(\d+)/u.exec(where.slice(source.length + 1)) : null;
    return match === null ? [Number.MAX_SAFE_INTEGER, 0] : [Number(match[1]), Number(match[2])];
  };
  return issues
    .map((issue) => ({ issue, at: position(issue) }))
    .sort((a, b) => a.at[0] - b.at[0] || a.at[1] - b.at[1])
    .map(({ issue }) => issue);
}
