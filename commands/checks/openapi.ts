// `openapi.yaml`: that it is what the code says, that it is good OpenAPI, and that it breaks no client of the released one unless
// CHANGELOG.md names what it breaks under "Breaking".
import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { undeclaredBreaks } from './openapi-breaks.ts'

export interface OpenapiCheck {
  /** Holds `openapi.yaml` and `CHANGELOG.md`, and in `deploy` `openapi-lint.yaml` and `openapi-released.yaml`. */
  readonly root: string
  /** What the code says the document is. */
  readonly text: string
  readonly write: boolean
}

const cli = join(import.meta.dirname, '..', '..', 'node_modules', '@redocly', 'cli', 'bin', 'cli.js')

const redocly = (root: string, ...args: string[]): Promise<{ code: number; stdout: string; lines: string[] }> =>
  new Promise(resolve => {
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', NO_COLOR: '1' }
    const child = spawn(process.execPath, [cli, ...args], { cwd: root, env })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('close', code => {
      const lines = `${stdout}\n${stderr}`.split('\n').filter(line => line.trim() !== '')
      resolve({ code: code ?? 1, stdout, lines })
    })
  })

const drift = async ({ root, text, write }: OpenapiCheck): Promise<string[]> => {
  const file = join(root, 'openapi.yaml')
  if ((await readFile(file, 'utf8').catch(() => '')) === text) return []
  if (!write) return ['openapi.yaml differs from the code: run npm run check -- --write']
  await writeFile(file, text)
  return []
}

const lint = async ({ root }: OpenapiCheck): Promise<string[]> => {
  const { code, lines } = await redocly(
    root,
    'lint',
    '--config',
    'deploy/openapi-lint.yaml',
    '--format',
    'stylish',
    'openapi.yaml',
  )
  return code === 0 ? [] : lines
}

// A `redocly.yaml` at the root would silently take the place of the rules of `diff`: hence the other name of the one for `lint`.
const breaks = async ({ root }: OpenapiCheck): Promise<string[]> => {
  const files = ['deploy/openapi-released.yaml', 'openapi.yaml'] as const
  const { stdout, lines } = await redocly(root, 'diff', '--fail-on', 'none', '--format', 'json', ...files)
  if (!stdout.startsWith('{')) return lines
  const [changelog = '', released = '', current = ''] = await Promise.all(
    ['CHANGELOG.md', ...files].map(file => readFile(join(root, file), 'utf8')),
  )
  return undeclaredBreaks(stdout, { changelog, released, current })
}

/** What is wrong, in lines. */
export const checkOpenapi = async (check: OpenapiCheck): Promise<string[]> => {
  const drifted = await drift(check)
  const [linted, broken] = await Promise.all([lint(check), breaks(check)])
  return [...drifted, ...linted, ...broken]
}
