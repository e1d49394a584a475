/** The country names of the Online Retail data set, which are neither ISO's nor consistent, and their ISO 3166 codes. */
const CODES = new Map(
  Object.entries({
    australia: 'AU',
    austria: 'AT',
    bahrain: 'BH',
    belgium: 'BE',
    brazil: 'BR',
    canada: 'CA',
    'channel islands': 'GG', // Guernsey stands for the islands, which have no common code.
    cyprus: 'CY',
    'czech republic': 'CZ',
    denmark: 'DK',
    eire: 'IE',
    finland: 'FI',
    france: 'FR',
    germany: 'DE',
    greece: 'GR',
    'hong kong': 'HK',
    iceland: 'IS',
    israel: 'IL',
    italy: 'IT',
    japan: 'JP',
    lebanon: 'LB',
    lithuania: 'LT',
    malta: 'MT',
    netherlands: 'NL',
    norway: 'NO',
    poland: 'PL',
    portugal: 'PT',
    rsa: 'ZA',
    'saudi arabia': 'SA',
    singapore: 'SG',
    spain: 'ES',
    sweden: 'SE',
    switzerland: 'CH',
    'united arab emirates': 'AE',
    'united kingdom': 'GB',
    usa: 'US',
    // `European Community` and `Unspecified` name no country, so they are unknown.
  }),
)

export const UNKNOWN_COUNTRY = 'ZZ'

/** The ISO 3166 alpha-2 code of a country as the data set names it; `ZZ` for what names no country. */
export function countryCode(name: string): string {
  return CODES.get(name.trim().toLowerCase()) ?? UNKNOWN_COUNTRY
}
