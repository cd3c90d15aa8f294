// `openapi.yaml`: that it is what the code says, that it is good OpenAPI, and that it breaks no client of the released one unless
// CHANGELOG.md says so under "Breaking".
import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface OpenapiCheck {
  /** Holds `openapi.yaml` and `CHANGELOG.md`, and in `deploy` `openapi-lint.yaml` and `openapi-released.yaml`. */
  readonly root: string
  /** What the code says the document is. */
  readonly text: string
  readonly write: boolean
}

const cli = join(import.meta.dirname, '..', '..', 'node_modules', '@redocly', 'cli', 'bin', 'cli.js')

const redocly = (root: string, ...args: string[]): Promise<{ code: number; lines: string[] }> =>
  new Promise(resolve => {
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', NO_COLOR: '1' }
    const child = spawn(process.execPath, [cli, ...args], { cwd: root, env })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.on('close', code =>
      resolve({ code: code ?? 1, lines: output.split('\n').filter(line => line.trim() !== '') }),
    )
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

/** The entries under "Breaking" of what is not released yet. */
const declaredBreaks = (changelog: string): string[] => {
  const unreleased = changelog.split(/^## /m).find(part => part.startsWith('Unreleased')) ?? ''
  const section = unreleased.split(/^### /m).find(part => part.startsWith('Breaking')) ?? ''
  return section.split('\n').filter(line => line.startsWith('- '))
}

// A `redocly.yaml` at the root would silently take the place of the rules of `diff`: hence the other name of the one for `lint`.
const breaks = async ({ root }: OpenapiCheck): Promise<string[]> => {
  const { code, lines } = await redocly(root, 'diff', 'deploy/openapi-released.yaml', 'openapi.yaml')
  if (code === 0) return []
  if (declaredBreaks(await readFile(join(root, 'CHANGELOG.md'), 'utf8')).length > 0) return []
  return [...lines, 'clients of the released API break: keep it, or say so under "### Breaking" in CHANGELOG.md']
}

/** What is wrong, in lines. */
export const checkOpenapi = async (check: OpenapiCheck): Promise<string[]> => {
  const drifted = await drift(check)
  const [linted, broken] = await Promise.all([lint(check), breaks(check)])
  return [...drifted, ...linted, ...broken]
}
