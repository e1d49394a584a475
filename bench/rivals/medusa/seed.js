/** Fills Medusa: a region, a shipping option, 1,000 products with 2 variants in stock. Prints the publishable key. */
const { ContainerRegistrationKeys, Modules, ProductStatus } = require('@medusajs/framework/utils')
const flows = require('@medusajs/medusa/core-flows')

const PRODUCTS = 1000
const CREATED_AT_ONCE = 50
const UNITS = 1_000_000

module.exports.default = async function seed({ container }) {
  const run = async (workflow, input) => (await workflow(container).run({ input })).result
  const link = container.resolve(ContainerRegistrationKeys.LINK)
  const query = container.resolve(ContainerRegistrationKeys.QUERY)
  const [store] = await container.resolve(Modules.STORE).listStores()
  const channels = await container.resolve(Modules.SALES_CHANNEL).listSalesChannels({})
  const channel =
    channels[0] ?? (await run(flows.createSalesChannelsWorkflow, { salesChannelsData: [{ name: 'Shop' }] }))[0]
  await run(flows.updateStoresWorkflow, {
    selector: { id: store.id },
    update: {
      supported_currencies: [{ currency_code: 'gbp', is_default: true }],
      default_sales_channel_id: channel.id,
    },
  })
  const [region] = await run(flows.createRegionsWorkflow, {
    regions: [{ name: 'Britain', currency_code: 'gbp', countries: ['gb'], payment_providers: ['pp_system_default'] }],
  })
  await run(flows.createTaxRegionsWorkflow, [{ country_code: 'gb', provider_id: 'tp_system' }])
  const [location] = await run(flows.createStockLocationsWorkflow, {
    locations: [{ name: 'London', address: { city: 'London', country_code: 'GB', address_1: '1 Bench Street' } }],
  })
  await link.create({
    [Modules.STOCK_LOCATION]: { stock_location_id: location.id },
    [Modules.FULFILLMENT]: { fulfillment_provider_id: 'manual_manual' },
  })
  const shippingOption = await createShipping({ container, run, link, location, region })
  await run(flows.linkSalesChannelsToStockLocationWorkflow, { id: location.id, add: [channel.id] })
  const [key] = await run(flows.createApiKeysWorkflow, {
    api_keys: [{ title: 'Storefront', type: 'publishable', created_by: '' }],
  })
  await run(flows.linkSalesChannelsToApiKeyWorkflow, { id: key.id, add: [channel.id] })
  for (let start = 0; start < PRODUCTS; start += CREATED_AT_ONCE) {
    const products = Array.from({ length: CREATED_AT_ONCE }, (_, index) =>
      productOf(start + index, { channel, shippingOption }),
    )
    await run(flows.createProductsWorkflow, { products })
  }
  const { data: items } = await query.graph({ entity: 'inventory_item', fields: ['id'] })
  await run(flows.createInventoryLevelsWorkflow, {
    inventory_levels: items.map(({ id }) => ({
      location_id: location.id,
      stocked_quantity: UNITS,
      inventory_item_id: id,
    })),
  })
  process.stdout.write(`seeded ${JSON.stringify({ key: key.token, region: region.id })}\n`)
}

async function createShipping({ container, run, link, location, region }) {
  const fulfillment = container.resolve(Modules.FULFILLMENT)
  const profiles = await fulfillment.listShippingProfiles({ type: 'default' })
  const [profile] =
    profiles.length > 0
      ? profiles
      : await run(flows.createShippingProfilesWorkflow, { data: [{ name: 'Default', type: 'default' }] })
  const set = await fulfillment.createFulfillmentSets({
    name: 'Delivery',
    type: 'shipping',
    service_zones: [{ name: 'Britain', geo_zones: [{ country_code: 'gb', type: 'country' }] }],
  })
  await link.create({
    [Modules.STOCK_LOCATION]: { stock_location_id: location.id },
    [Modules.FULFILLMENT]: { fulfillment_set_id: set.id },
  })
  await run(flows.createShippingOptionsWorkflow, [
    {
      name: 'Standard',
      price_type: 'flat',
      provider_id: 'manual_manual',
      service_zone_id: set.service_zones[0].id,
      shipping_profile_id: profile.id,
      type: { label: 'Standard', description: 'In some days.', code: 'standard' },
      prices: [
        { currency_code: 'gbp', amount: 3.95 },
        { region_id: region.id, amount: 3.95 },
      ],
      rules: [
        { attribute: 'enabled_in_store', value: 'true', operator: 'eq' },
        { attribute: 'is_return', value: 'false', operator: 'eq' },
      ],
    },
  ])
  return { profileId: profile.id }
}

function productOf(product, { channel, shippingOption }) {
  const code = `BENCH-${String(product).padStart(4, '0')}`
  return {
    title: `Invented product ${product}`,
    handle: `product-${product}`,
    description: 'A thing of good quality, made for measuring. It comes in two colours, and nobody has to dust it.',
    status: ProductStatus.PUBLISHED,
    shipping_profile_id: shippingOption.profileId,
    options: [{ title: 'Colour', values: ['red', 'blue'] }],
    variants: ['red', 'blue'].map((colour, variant) => ({
      title: colour,
      sku: `${code}-${colour.toUpperCase()}`,
      options: { Colour: colour },
      prices: [{ currency_code: 'gbp', amount: (250 + ((product * 7 + variant * 31) % 4000)) / 100 }],
    })),
    sales_channels: [{ id: channel.id }],
  }
}
