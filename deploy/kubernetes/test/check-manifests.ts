// Whether manifests are what Kubernetes' API takes: values against its schemas, and unknown fields by the compiler, since its schemas
// let them pass.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec?: Record<string, unknown>
}
interface Model {
  validate(): void
}
type ModelModule = Readonly<Record<string, new (data: unknown) => Model>>

const root = join(import.meta.dirname, '..', '..', '..')
const execute = promisify(execFile)

/** kustomize folds long base64, which Kubernetes reads and the schema's format does not. */
const unfolded = (manifest: Manifest): Manifest => {
  const { kind, data } = manifest as Manifest & { data?: Readonly<Record<string, string>> }
  if (kind !== 'Secret' || data === undefined) return manifest
  const entries = Object.entries(data).map(([name, value]) => [name, value.replaceAll(/\s/g, '')])
  return { ...manifest, data: Object.fromEntries(entries) } as Manifest
}

export const parseManifests = (text: string): Manifest[] =>
  parseAllDocuments(text)
    .map(document => document.toJS() as Manifest | null)
    .filter(manifest => manifest !== null)
    .map(unfolded)

const moduleOf = ({ apiVersion }: Manifest): string => `kubernetes-models/${apiVersion}`

const schemaFault = async (manifest: Manifest): Promise<string | undefined> => {
  const { kind, metadata } = manifest
  try {
    const models = (await import(moduleOf(manifest))) as ModelModule
    const Model = models[kind]
    if (Model === undefined) return `${kind} ${metadata.name}: there is no such kind in ${manifest.apiVersion}`
    new Model(manifest).validate()
    return undefined
  } catch (error) {
    return `${kind} ${metadata.name}: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** A program that assigns each manifest to the type of its kind: the compiler refuses fields that the type does not have. */
const programOf = (manifests: readonly Manifest[]): string =>
  manifests
    .map((manifest, index) => {
      const { kind } = manifest
      const type = `import type { I${kind} as T${index} } from '${moduleOf(manifest)}'`
      return `${type}\nexport const m${index}: T${index} = ${JSON.stringify(manifest, undefined, 1)}`
    })
    .join('\n')

const typeFaults = async (manifests: readonly Manifest[]): Promise<string[]> => {
  const directory = await mkdtemp(join(root, '.local', 'manifests-'))
  try {
    const file = join(directory, 'manifests.ts')
    await writeFile(file, programOf(manifests))
    const options = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--ignoreConfig',
      '--module',
      'nodenext',
      '--target',
      'esnext',
    ]
    await execute(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...options, file], { cwd: root })
    return []
  } catch (error) {
    const { stdout } = error as { stdout?: string }
    return (stdout ?? String(error)).trim().split('\n')
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** Faults, a line each. */
export const checkManifests = async (manifests: readonly Manifest[]): Promise<string[]> => {
  const bySchema = await Promise.all(manifests.map(schemaFault))
  return [...bySchema.filter(fault => fault !== undefined), ...(await typeFaults(manifests))]
}
