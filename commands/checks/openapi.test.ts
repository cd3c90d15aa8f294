// Each way in which document, code and released contract can part, on a copy of them.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { documentText } from '@cairn/gateway/openapi'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { checkOpenapi } from './openapi.ts'

const project = join(import.meta.dirname, '..', '..')
const text = documentText()
let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cairn-openapi-'))
  mkdirSync(join(root, 'deploy'))
  for (const file of ['deploy/openapi-lint.yaml', 'CHANGELOG.md']) cpSync(join(project, file), join(root, file))
  writeFileSync(join(root, 'openapi.yaml'), text)
  writeFileSync(join(root, 'deploy', 'openapi-released.yaml'), text)
})
afterEach(() => {
  rmSync(root, { recursive: true })
})

interface Changeable {
  paths: Record<string, Record<string, { responses: Record<string, unknown>; description?: string }>>
  components: { schemas: Record<string, { properties: Record<string, unknown>; required: string[] }> }
}

const changed = (change: (document: Changeable) => void): string => {
  const document = parse(text) as Changeable
  change(document)
  return stringify(document)
}

const removeStreak = ({ components }: Changeable): void => {
  const { Snapshot } = components.schemas
  delete Snapshot?.properties['streak']
  if (Snapshot !== undefined) Snapshot.required = Snapshot.required.filter(name => name !== 'streak')
}

/** The entries, lines of which may go on, under "Breaking". */
const declare = (...lines: readonly string[]): void => {
  const entries = ['## Unreleased', '', '### Breaking', '', `- ${lines.join('\n')}`, '', '### Added', '', '- More.', '']
  writeFileSync(join(root, 'CHANGELOG.md'), entries.join('\n'))
}

describe('openapi.yaml', { timeout: 60_000 }, () => {
  it('as it is committed holds, and so does its copy', async () => {
    expect(readFileSync(join(project, 'openapi.yaml'), 'utf8')).toBe(text)
    expect(await checkOpenapi({ root, text, write: false })).toEqual([])
  })

  it('changed by hand is found, and mended when asked', async () => {
    writeFileSync(join(root, 'openapi.yaml'), text.replace('Get a nonce', 'Fetch a nonce'))
    expect(await checkOpenapi({ root, text, write: false })).toEqual([expect.stringContaining('differs from the code')])
    expect(await checkOpenapi({ root, text, write: true })).toEqual([])
    expect(readFileSync(join(root, 'openapi.yaml'), 'utf8')).toBe(text)
  })

  it('without a field that the code no longer answers is a break, unless it is declared', async () => {
    const code = changed(removeStreak)
    expect(await checkOpenapi({ root, text: code, write: false })).toContainEqual(
      expect.stringContaining('differs from the code'),
    )
    expect(await checkOpenapi({ root, text: code, write: true })).toContainEqual(
      expect.stringContaining('clients of the released API break'),
    )
    declare('`Snapshot` has no', '  streak.')
    expect(await checkOpenapi({ root, text: code, write: false })).toEqual([])
  })

  it('is broken by what no entry names, whatever else is declared', async () => {
    const code = changed(document => {
      delete document.paths['/api/v1/me']?.['delete']
      removeStreak(document)
    })
    declare('`DELETE /api/v1/me` is gone.')
    const faults = await checkOpenapi({ root, text: code, write: true })
    expect(faults.join('\n')).toContain('`streak`')
    expect(faults.join('\n')).not.toContain('/api/v1/me')
    expect(faults).toContainEqual(expect.stringContaining('clients of the released API break'))
    declare('`DELETE /api/v1/me` is gone.', '- `GET /api/v1/progress` tells no streak.')
    expect(await checkOpenapi({ root, text: code, write: false })).toEqual([])
  })

  it.each(['An error code was renamed.', 'The `SnapShot` has no streak.'])(
    'has to be named by every entry: not "%s"',
    async entry => {
      declare(entry)
      const faults = [expect.stringContaining(entry) as string]
      expect(await checkOpenapi({ root, text, write: true })).toEqual(faults)
    },
  )

  it('without an operation is a break', async () => {
    const code = changed(({ paths }) => {
      delete paths['/api/v1/me']?.['delete']
    })
    expect(await checkOpenapi({ root, text: code, write: true })).toContainEqual(
      expect.stringContaining('clients of the released API break'),
    )
  })

  it('with a field more is no break', async () => {
    const code = changed(({ components }) => {
      Object.assign(components.schemas['Snapshot']?.properties ?? {}, {
        badges: { type: 'integer', description: 'The number of badges.', examples: [3] },
      })
    })
    expect(await checkOpenapi({ root, text: code, write: true })).toEqual([])
  })

  it('that is no good OpenAPI is refused', async () => {
    const code = changed(({ paths }) => {
      const { get } = paths['/api/v1/me'] ?? {}
      delete get?.description
    })
    expect(await checkOpenapi({ root, text: code, write: true })).toContainEqual(
      expect.stringContaining('operation-description'),
    )
  })
})

describe('every schema', () => {
  interface Part {
    readonly $ref?: string
    readonly type?: string
    readonly description?: string
    readonly examples?: readonly unknown[]
    readonly properties?: Readonly<Record<string, Part>>
    readonly items?: Part
  }
  const undescribed = (place: string, part: Part): string[] => {
    if (part.$ref !== undefined) return []
    const nested = Object.entries(part.properties ?? {}).flatMap(([name, one]) => undescribed(`${place}.${name}`, one))
    const scalar = part.properties === undefined && part.items === undefined
    return [
      ...(/^[A-ZÄÖÜ`].*\.$/su.test(part.description ?? '') ? [] : [`${place}: no full sentence`]),
      ...(scalar && part.examples === undefined ? [`${place}: no example`] : []),
      ...nested,
    ]
  }

  it('is described in full sentences, and every value has an example', () => {
    const { components } = parse(text) as { components: { schemas: Record<string, Part> } }
    const faults = Object.entries(components.schemas).flatMap(([name, schema]) => undescribed(name, schema))
    expect(faults).toEqual([])
    expect(Object.keys(components.schemas).length).toBeGreaterThan(25)
  })
})
