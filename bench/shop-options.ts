/** How the shop is measured. */
export type ShopOptions = {
  /** How long each load is measured. */
  seconds: number
  profileDir: string | undefined
  signal: AbortSignal
  progress(text: string): void
}

export const CONNECTIONS = 16
