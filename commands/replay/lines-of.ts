// Lines of a stream of bytes, without their ends. Lines are bounded: a file that is none of ours must not fill the memory.
const maxLineLength = 65_536

/** Throws on a line of more than 65 536 characters. */
export async function* linesOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of bytes) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n/)
    rest = lines.pop() ?? ''
    yield* lines
    if (rest.length > maxLineLength) throw new Error(`there is a line of more than ${maxLineLength} characters`)
  }
  if (rest !== '') yield rest
}
