import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkImports, importsIn, judgeImports, unusedDependencies } from './import-boundaries.ts'

const root = join(import.meta.dirname, '..', '..')
const packages = [
  { directory: '', name: 'cairn', dependencies: new Set(['@cairn/gateway', 'vitest']) },
  { directory: 'libs/contracts', name: '@cairn/contracts', dependencies: new Set(['typebox']) },
  { directory: 'libs/client', name: '@cairn/client', dependencies: new Set(['@cairn/contracts']) },
  { directory: 'libs/bus', name: '@cairn/bus', dependencies: new Set(['@cairn/contracts', '@cairn/gateway']) },
  {
    directory: 'services/auth',
    name: '@cairn/auth',
    dependencies: new Set(['@cairn/contracts', '@cairn/gateway', 'jose']),
  },
  { directory: 'services/gateway', name: '@cairn/gateway', dependencies: new Set(['@cairn/contracts']) },
]
const faultOf = (file: string, specifier: string): string | undefined =>
  judgeImports([{ file, specifier }], packages)[0]

describe('import boundaries', () => {
  it('hold in this repository', async () => {
    expect(await checkImports(root)).toEqual([])
  })

  it('are read from every form of import', () => {
    const text = [
      `import a from 'a'`,
      `import type { B } from "@x/b/deep"`,
      `import {\n  c, // don't\n  d /* ; */,\n} from './c.ts'`,
      `export * from './d.ts'; import{e}from'./e.ts'`,
      `import 'f'`,
      `const g = await import('./g.ts')`,
      'const h = import(/* later */ `./h.ts`)',
      `import.meta.resolve('./i.ts')`,
    ].join('\n')
    expect(new Set(importsIn('x.ts', text).map(one => one.specifier))).toEqual(
      new Set(['a', '@x/b/deep', './c.ts', './d.ts', './e.ts', 'f', './g.ts', './h.ts', './i.ts']),
    )
  })

  it('are not read from comments and texts', () => {
    const text = [
      `// import a from 'a'`,
      `/* import('./b.ts') */`,
      `const url = 'https://x' // import 'c'`,
      `const d = "import 'd'"`,
    ]
    expect(importsIn('x.ts', text.join('\n'))).toEqual([])
  })

  it('include what is listed and not imported', () => {
    const imports = [{ file: 'libs/client/src/index.ts', specifier: '@cairn/contracts' }]
    expect(unusedDependencies(imports, packages)).toContain('libs/contracts/package.json: nothing imports typebox')
    expect(unusedDependencies(imports, packages).join()).not.toContain('libs/client')
  })

  it.each([
    ['services/auth/src/service.ts', '@cairn/gateway/config', 'a service never imports a service'],
    ['libs/bus/src/index.ts', '@cairn/gateway/config', 'libs never import services'],
    ['services/auth/src/service.ts', '../../gateway/src/service.ts', 'leaves its package'],
    ['services/auth/src/service.ts', 'pg', 'pg is not in'],
    ['services/auth/src/service.ts', 'fs', 'write node:fs'],
    ['services/auth/src/service.ts', '@cairn/testkit', 'the test kit is for tests'],
    ['services/auth/src/domain/rule.ts', 'jose', 'domain may import nothing'],
    ['services/auth/src/domain/rule.ts', 'node:crypto', 'domain may import nothing'],
    ['services/auth/src/domain/rule.ts', '../store/row.ts', 'domain may import nothing'],
    ['libs/client/src/index.ts', 'node:fs', 'no Node built-ins'],
    ['libs/contracts/src/index.ts', 'node:fs', 'contracts do no I/O'],
  ])('refuse %s importing %s', (file, specifier, fault) => {
    expect(faultOf(file, specifier)).toContain(fault)
  })

  it.each([
    ['services/auth/src/service.ts', '@cairn/contracts'],
    ['services/auth/src/service.ts', 'jose'],
    ['services/auth/src/domain/rule.ts', './other.ts'],
    ['services/auth/src/domain/rule.test.ts', 'vitest'],
    ['services/auth/test/sign-in.test.ts', '@cairn/testkit'],
    ['commands/check.ts', '@cairn/gateway/config'],
  ])('allow %s importing %s', (file, specifier) => {
    expect(faultOf(file, specifier)).toBeUndefined()
  })
})
