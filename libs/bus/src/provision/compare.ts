// What a server has of a stream or a consumer beside what it should have: pure. Whatever the server knows is compared, also
// what Cairn never heard of, since any of it may lose messages; but for what can lose none.

type Configuration = Readonly<Record<string, unknown>>

const keptKeys: ReadonlySet<string> = new Set([
  // Which one it is.
  'name',
  'durable_name',
  // Where and how an operator has it stored, and read past the leader. A stream's replicas are wanted, and so compared; a consumer
  // that is lost with its only server is made again, and hands out everything again.
  'placement',
  'num_replicas',
  'compression',
  'allow_direct',
  'mirror_direct',
  // Remarks, an operator's and the server's own.
  'description',
  'metadata',
])

/** In these words servers say that something is not set, if they say so at all. */
const unset: ReadonlySet<unknown> = new Set([undefined, null, false, 0, '', 'none', 'default', '[]', '{}'])

const comparable = (value: unknown): string | undefined => {
  const text = JSON.stringify(value)
  return unset.has(value) || unset.has(text) ? undefined : text
}

const comparedKeys = (found: Configuration): readonly string[] => Object.keys(found).filter(key => !keptKeys.has(key))

/** The keys of what is not as it is wanted. */
export const differingKeys = (found: Configuration, wanted: Configuration): readonly string[] => {
  const keys = new Set([...Object.keys(wanted), ...comparedKeys(found)])
  return [...keys].filter(key => comparable(found[key]) !== comparable(wanted[key])).sort()
}

/** NATS takes a change of it and makes none (2.9.10: such a consumer is gone with a restart), so nothing would show it any more. */
const onlyClaimedToChange = 'mem_storage'

/** All that an update has to name, since it keeps what it does not name. */
export const wholeUpdate = (found: Configuration, wanted: Configuration): Configuration => {
  const cleared = comparedKeys(found).filter(key => key !== onlyClaimedToChange)
  return { ...Object.fromEntries(cleared.map(key => [key, undefined])), ...wanted }
}
