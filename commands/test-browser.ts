// `npm run test:browser`: the tests that need a browser, in Debian's headless Chromium, which is installed when it is missing.
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const findChromium = (): string | undefined => {
  const directories = (process.env['PATH'] ?? '').split(delimiter).concat('/usr/bin')
  return directories
    .flatMap(directory => ['chromium', 'chromium-browser', 'google-chrome'].map(name => join(directory, name)))
    .find(isProgram)
}

const run = (program: string, args: readonly string[], env = process.env): number =>
  spawnSync(program, args, { stdio: 'inherit', env }).status ?? 1

/** Its own packages alone: without the recommended ones it needs no desktop. */
const installChromium = (): void => {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const install = ['install', '--yes', '--quiet', '--no-install-recommends', 'chromium']
  if (run('apt-get', install, env) === 0) return
  run('apt-get', ['update', '--quiet'], env)
  run('apt-get', install, env)
}

if (findChromium() === undefined) installChromium()
const chromium = findChromium()
if (chromium === undefined) {
  process.stderr.write('there is no Chromium, and it could not be installed: as root, apt-get install chromium\n')
  process.exitCode = 1
} else {
  const env = { ...process.env, TEST_KIND: 'browser', CHROMIUM: chromium }
  process.exitCode = run(process.execPath, [join(import.meta.dirname, 'test.ts'), '.browser.'], env)
}
process.channel?.unref()
