import { RootstockError } from '../errors.ts';

/** A platform that Temporal's native parts exist for. */
export type SupportedPlatform = 'linux-x64' | 'linux-arm64' | 'darwin-x64' | 'darwin-arm64';

/** Facts about the machine: Node's `process.platform` and `process.arch`, and the C library's version where it is glibc. */
export interface HostFacts {
  readonly platform: string;
  readonly arch: string;
  readonly glibc: string | null;
}

/**
 * Names this machine's platform. Temporal's SDK ships native code for glibc Linux and for macOS, and the embedded server's binary exists for the same.
 * @throws RootstockError PLATFORM_UNSUPPORTED on musl (Alpine), Windows and other processors.
 */
export function requireSupportedPlatform(host: HostFacts = readHostFacts()): SupportedPlatform {
  const { platform, arch, glibc } = host;
  if (platform === 'linux' && glibc === null) {
    throw unsupported(host, 'Linux with musl instead of glibc (Alpine)', 'use a glibc image, for example node:22-bookworm-slim');
  }
  if (platform === 'win32') throw unsupported(host, 'Windows', 'run it in WSL 2, where it is Linux');
  const known = (platform === 'linux' || platform === 'darwin') && (arch === 'x64' || arch === 'arm64');
  if (!known) throw unsupported(host, `${platform} on ${arch}`, 'use Linux (glibc) or macOS on x86_64 or arm64');
  return `${platform}-${arch}`;
}

let known: HostFacts | undefined;

/** Reads the facts from the running Node process, once: a report takes several milliseconds. */
function readHostFacts(): HostFacts {
  known ??= { platform: process.platform, arch: process.arch, glibc: process.platform === 'linux' ? glibcVersion() : null };
  return known;
}

function glibcVersion(): string | null {
  const report = process.report.getReport() as { readonly header?: { readonly glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime ?? null;
}

function unsupported(host: HostFacts, name: string, fix: string): RootstockError {
  const text = `This platform is not supported: ${name}. Expected: Linux with glibc or macOS, on x86_64 or arm64.\nFix: ${fix}.`;
  return new RootstockError('PLATFORM_UNSUPPORTED', text, { ...host });
}
