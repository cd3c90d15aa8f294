// Something of which there is so much in total, and so much of it for each address.
export interface ShareBounds {
  readonly most: number
  readonly mostPerAddress: number
}

export class Shares {
  readonly #bounds: ShareBounds
  readonly #byAddress = new Map<string, number>()
  #taken = 0

  constructor(bounds: ShareBounds) {
    this.#bounds = bounds
  }

  /** Takes `amount`, or says which bound stands in the way; then nothing is taken. */
  take(address: string, amount: number): 'total' | 'address' | undefined {
    const ofAddress = (this.#byAddress.get(address) ?? 0) + amount
    if (ofAddress > this.#bounds.mostPerAddress) return 'address'
    if (this.#taken + amount > this.#bounds.most) return 'total'
    this.#taken += amount
    this.#byAddress.set(address, ofAddress)
    return undefined
  }

  giveBack(address: string, amount: number): void {
    this.#taken -= amount
    const left = (this.#byAddress.get(address) ?? 0) - amount
    if (left > 0) this.#byAddress.set(address, left)
    else this.#byAddress.delete(address)
  }
}
