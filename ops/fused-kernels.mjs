// Compiles src/kernels/fused/assembly into src/kernels/fused/binary.ts. Sources end in .as, so that no TypeScript tool takes them for its own.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const folder = fileURLToPath(new URL('../src/kernels/fused/', import.meta.url));
const OPTIONS = ['--enable', 'simd', '--runtime', 'stub', '--importMemory', '--noExportMemory', '-O3', '--noAssert'];

/** The compiled module, as bytes; with `text`, its WebAssembly text. */
export async function compileFusedKernels(text = false) {
  const written = new Map();
  const { error, stderr } = await asc.main(['index.ts', '--outFile', 'out.wasm', ...(text ? ['--textFile', 'out.wat'] : []), ...OPTIONS], {
    readFile: (name) => {
      try {
        return readFileSync(join(folder, 'assembly', name.replace(/\.ts$/, '.as')), 'utf8');
      } catch {
        return null;
      }
    },
    writeFile: (name, contents) => void written.set(name, contents),
    listFiles: () => [],
  });
  if (error !== null) throw new Error(`the kernels do not compile\n${stderr.toString()}`);
  return text ? written.get('out.wat') : Buffer.from(written.get('out.wasm'));
}

/** The text of binary.ts. */
export function binaryModule(bytes) {
  return `// Written by ops/fused-kernels.mjs.\n\n/** The compiled kernels of assembly/, in base64. */\nexport const FUSED_KERNELS_BASE64 =\n  '${bytes.toString('base64')}';\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--text')) process.stdout.write(await compileFusedKernels(true));
  else writeFileSync(join(folder, 'binary.ts'), binaryModule(await compileFusedKernels()));
}
