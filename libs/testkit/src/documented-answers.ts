// Every answer that a test gets from the gateway is held against the committed `openapi.yaml`, by a validator that knows nothing of
// the code: status, content type, headers, and neither a header of the API nor a field that is not described.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { parse } from 'yaml'

interface Node {
  readonly $ref?: string
  readonly [key: string]: unknown
}
interface ResponseNode extends Node {
  readonly headers?: Readonly<Record<string, Node>>
  readonly content?: Readonly<Record<string, { readonly schema: Node }>>
}
interface DocumentNode extends Node {
  readonly components: { readonly headers: Readonly<Record<string, Node>> }
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Record<string, ResponseNode> }>>>
  >
}

export interface SeenAnswer {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly status: number
  readonly headers: Headers
  /** Undefined when there is none. */
  readonly body: unknown
}

const file = join(import.meta.dirname, '..', '..', '..', 'openapi.yaml')

const apiHeaderPattern = /^(?:x-|ratelimit|retry-)/

const resolve = (document: DocumentNode, node: Node): Node => {
  if (node.$ref === undefined) return node
  const parts = node.$ref.slice(2).split('/')
  return parts.reduce<Node>((at, part) => at[part] as Node, document)
}

/** The schema without references, and closed: in a test, a field that is not described is a fault. */
const closed = (document: DocumentNode, given: Node): Node => {
  const node = resolve(document, given)
  if (Array.isArray(node['allOf'])) {
    const parts = (node['allOf'] as Node[]).map(part => closed(document, part))
    const properties = Object.assign({}, ...parts.map(part => part['properties'])) as object
    return {
      type: 'object',
      properties,
      required: parts.flatMap(part => part['required'] as string[]),
      additionalProperties: false,
    }
  }
  const entries = Object.entries(node).map(([key, value]) => {
    if (key === 'properties') {
      const properties = Object.entries(value as Record<string, Node>)
      return [key, Object.fromEntries(properties.map(([name, part]) => [name, closed(document, part)]))]
    }
    return [key, key === 'items' ? closed(document, value as Node) : value]
  })
  const bounds = node['properties'] === undefined ? {} : { additionalProperties: false }
  return { ...bounds, ...(Object.fromEntries(entries) as Node) }
}

export class ContractDocument {
  readonly #document = parse(readFileSync(file, 'utf8')) as DocumentNode
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false })
  readonly #validators = new Map<string, ValidateFunction>()
  readonly #seen = new Set<string>()

  /** `GET /api/v1/me 200` of everything the document says may be answered. */
  get promised(): string[] {
    return Object.entries(this.#document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { responses }]) =>
        Object.keys(responses).map(status => `${method.toUpperCase()} ${path} ${status}`),
      ),
    )
  }

  /** Of those, what was seen so far. */
  get seen(): ReadonlySet<string> {
    return this.#seen
  }

  /** Throws when the document does not allow for the answer. What is no operation of it has to be a problem. */
  check({ method, path, status, headers, body }: SeenAnswer): void {
    const template = this.#templateOf(method, path)
    if (template === undefined) {
      if (status >= 400 && body !== undefined) this.#validate('Problem', { $ref: '#/components/schemas/Problem' }, body)
      return
    }
    const place = `${method} ${template} ${status}`
    const listed = this.#document.paths[template]?.[method.toLowerCase()]?.responses[status]
    assert.ok(listed !== undefined, `${place} is not in openapi.yaml`)
    const response = resolve(this.#document, listed) as ResponseNode
    this.#checkHeaders(place, response.headers ?? {}, headers)
    const type = headers.get('content-type')?.split(';', 1)[0] ?? ''
    const schema = response.content?.[type]?.schema
    assert.equal(body === undefined, response.content === undefined, `${place}: a body, or none`)
    assert.ok(body === undefined || schema !== undefined, `${place}: ${type} is not in openapi.yaml`)
    if (schema !== undefined) this.#validate(`${place} ${type}`, schema, body)
    this.#seen.add(place)
  }

  #checkHeaders(place: string, described: Readonly<Record<string, Node>>, headers: Headers): void {
    const promised = Object.keys(described).filter(name => resolve(this.#document, described[name] ?? {})['required'])
    const missing = promised.filter(name => !headers.has(name))
    assert.deepEqual(missing, [], `${place}: headers that openapi.yaml promises`)
    const own = [...headers.keys()].filter(name => this.#isOfApi(name))
    const unknown = own.filter(name => !Object.hasOwn(described, name))
    assert.deepEqual(unknown, [], `${place}: headers that openapi.yaml does not describe`)
  }

  /** Whether it says something to a client; the others are for browsers and caches. */
  #isOfApi(name: string): boolean {
    const { headers } = this.#document.components
    return Object.hasOwn(headers, name) || (apiHeaderPattern.test(name) && name !== 'x-content-type-options')
  }

  #templateOf(method: string, path: string): string | undefined {
    const fits = (template: string): boolean =>
      new RegExp(`^${template.replaceAll('.', String.raw`\.`).replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path)
    return Object.entries(this.#document.paths).find(
      ([template, methods]) => Object.hasOwn(methods, method.toLowerCase()) && fits(template),
    )?.[0]
  }

  #validate(place: string, schema: Node, body: unknown): void {
    const known = this.#validators.get(place)
    const validator = known ?? this.#ajv.compile(closed(this.#document, schema))
    if (known === undefined) this.#validators.set(place, validator)
    assert.ok(validator(body), `${place}: ${this.#ajv.errorsText(validator.errors)}`)
  }
}
