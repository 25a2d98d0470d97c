import assert from 'node:assert/strict';
import test from 'node:test';
import { requireSupportedPlatform } from '../../src/server/platform.ts';

test('Linux with glibc and macOS are supported on both processors', () => {
  assert.equal(requireSupportedPlatform({ platform: 'linux', arch: 'x64', glibc: '2.36' }), 'linux-x64');
  assert.equal(requireSupportedPlatform({ platform: 'linux', arch: 'arm64', glibc: '2.31' }), 'linux-arm64');
  assert.equal(requireSupportedPlatform({ platform: 'darwin', arch: 'arm64', glibc: null }), 'darwin-arm64');
  assert.equal(requireSupportedPlatform({ platform: 'darwin', arch: 'x64', glibc: null }), 'darwin-x64');
});

test('musl, Windows and other processors are told what to use instead', () => {
  const refused = (platform: string, arch: string, message: RegExp) =>
    assert.throws(() => requireSupportedPlatform({ platform, arch, glibc: null }), { code: 'PLATFORM_UNSUPPORTED', message });
  refused('linux', 'x64', /musl.*[\s\S]*glibc image/);
  refused('win32', 'x64', /Windows[\s\S]*WSL 2/);
  refused('darwin', 'ppc64', /darwin on ppc64/);
});
