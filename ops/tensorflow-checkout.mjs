// node ops/tensorflow-checkout.mjs DIRECTORY
//
// Copies this checkout to DIRECTORY (new) and gives the copy @tensorflow/tfjs-node, so that the tests there compute on the tensorflow backend
// as well. The package's install script fetches TensorFlow from a bucket that many networks do not reach; here the same release, 2.9.1,
// comes from its Python wheel, and the package's binding is compiled against it. Needs g++, nm and a Python with pip; 0.7 GB of disk.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const TFJS_NODE = '@tensorflow/tfjs-node@4.22.0';
const NODE_API = 'node-api-headers@1.5.0';
/** What tfjs-node 4.22.0 is made for (LIBTENSORFLOW_VERSION in its scripts/deps-constants.js). */
const WHEEL = 'tensorflow-cpu==2.9.1 --hash=sha256:6666ddeae45e1f41da788cb4bdea3435aba16edb0bc17b7ac00631c7c9eb052e';
const WHEEL_FOR = ['--python-version', '3.10', '--platform', 'manylinux2014_x86_64', '--only-binary=:all:'];

const [directory] = process.argv.slice(2);
if (directory === undefined || existsSync(directory)) {
  console.error('usage: node ops/tensorflow-checkout.mjs DIRECTORY (one that is not there yet)');
  process.exit(2);
}
const repository = fileURLToPath(new URL('..', import.meta.url));
const copy = resolve(directory);
const parts = `${copy}-parts`;
mkdirSync(parts, { recursive: true });

copyCheckout();
addPackages();
compileBinding(unpackWheel());

function copyCheckout() {
  const tracked = run('git', ['ls-files', '-z'], repository)
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(repository, path)));
  for (const path of tracked) cpSync(join(repository, path), join(copy, path));
  cpSync(join(repository, 'node_modules'), join(copy, 'node_modules'), { recursive: true, verbatimSymlinks: true });
}

/** npm takes an optional peer for settled, so the packages are installed elsewhere; what the copy has already stays: tfjs-core must be one. */
function addPackages() {
  writeFileSync(join(parts, 'package.json'), '{"private": true}');
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', TFJS_NODE, NODE_API], parts);
  for (const name of packagesIn(join(parts, 'node_modules'))) {
    const target = join(copy, 'node_modules', name);
    if (!existsSync(target)) cpSync(join(parts, 'node_modules', name), target, { recursive: true });
  }
}

function packagesIn(modules) {
  const visible = readdirSync(modules).filter((name) => !name.startsWith('.'));
  return visible.flatMap((name) => (name.startsWith('@') ? readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`) : [name]));
}

function unpackWheel() {
  writeFileSync(join(parts, 'requirements.txt'), `${WHEEL}\n`);
  const pip = ['-m', 'pip', 'download', '--no-deps', '--require-hashes', '--disable-pip-version-check', '--quiet', ...WHEEL_FOR];
  run('python3', [...pip, '--dest', parts, '--requirement', 'requirements.txt'], parts);
  const wheel = readdirSync(parts).find((name) => name.endsWith('.whl'));
  run('python3', ['-m', 'zipfile', '-e', wheel, 'wheel'], parts);
  return join(parts, 'wheel', 'tensorflow');
}

/** The wheel's library holds TensorFlow's C API, and code for Python that is never reached from here: its symbols get a stand-in. */
function compileBinding(tensorflow) {
  const library = join(tensorflow, 'python', '_pywrap_tensorflow_internal.so');
  const framework = join(tensorflow, 'libtensorflow_framework.so.2');
  const wanted = run('nm', ['-D', '--undefined-only', library], parts).match(/\b_?Py\w+/g) ?? [];
  writeFileSync(join(parts, 'python.c'), [...new Set(wanted)].map((name) => `void *${name}[64];`).join('\n'));
  const standIn = join(parts, 'libpython-stand-in.so');
  run('g++', ['-x', 'c', '-shared', '-fPIC', '-fno-builtin', 'python.c', '-o', standIn], parts);
  const node = join(copy, 'node_modules', '@tensorflow', 'tfjs-node');
  const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(node, 'binding', name));
  const includes = [join(parts, 'node_modules', 'node-api-headers', 'include'), join(tensorflow, 'include')].map((path) => `-I${path}`);
  const output = join(node, 'lib', 'napi-v8', 'tfjs_binding.node');
  mkdirSync(join(output, '..'), { recursive: true });
  const link = [
    '-Wl,--no-as-needed',
    standIn,
    library,
    framework,
    `-Wl,-rpath,${[parts, join(tensorflow, 'python'), tensorflow].join(':')}`,
  ];
  run('g++', ['-O2', '-std=c++17', '-shared', '-fPIC', '-DNAPI_VERSION=8', ...includes, ...sources, '-o', output, ...link], parts);
}

/** Runs a command in a directory and returns what it prints; its errors go to this terminal. */
function run(command, words, cwd) {
  return execFileSync(command, words, { cwd, encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'inherit'] });
}
