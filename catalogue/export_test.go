package catalogue

// What tests make catalogues of: the lines that an export writes.
type (
	PriceListLine     = priceListLine
	CountryLine       = countryLine
	VatGroupLine      = vatGroupLine
	AttributeTypeLine = attributeTypeLine
	AttributeLine     = attributeLine
	ProductTypeLine   = productTypeLine
	CategoryLine      = categoryLine
	CategoryText      = categoryText
	ProductLine       = exportedProduct
	VariantLine       = exportedVariant
	VariantAttribute  = exportedAttribute
	VariantPrice      = exportedPrice
	Media             = media
)
