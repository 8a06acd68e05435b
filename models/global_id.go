package models

import (
	"encoding/base64"
	"strings"

	"github.com/google/uuid"
)

// The kinds of objects that have a global id; each is the name of its GraphQL type.
const (
	KindProduct        = "Product"
	KindProductVariant = "ProductVariant"
	KindCategory       = "Category"
	KindEmailMessage   = "EmailMessage"
	KindDeletion       = "Deletion"
	KindProductMedia   = "ProductMedia"
	KindSynonym        = "Synonym"
	KindQueryRule      = "QueryRule"
	KindJob            = "Job"
)

// GlobalID makes an id that is unique in the whole shop out of a kind and the key within it.
func GlobalID(kind, key string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(kind + ":" + key))
}

// ParseGlobalID is the reverse of GlobalID.
func ParseGlobalID(id string) (kind, key string, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		return "", "", BadInput(CodeInvalidID, "%q is not an id of this API", id)
	}
	kind, key, found := strings.Cut(string(raw), ":")
	if !found || kind == "" || key == "" {
		return "", "", BadInput(CodeInvalidID, "%q is not an id of this API", id)
	}
	return kind, key, nil
}

// ParseUUID reads a global id of the given kind, whose key is a UUID.
func ParseUUID(kind, id string) (uuid.UUID, error) {
	got, key, err := ParseGlobalID(id)
	if err != nil {
		return uuid.Nil, err
	}
	if got != kind {
		return uuid.Nil, BadInput(CodeInvalidID, "%q is the id of a %s, not of a %s", id, got, kind)
	}
	parsed, err := uuid.Parse(key)
	if err != nil {
		return uuid.Nil, BadInput(CodeInvalidID, "%q is not an id of this API", id)
	}
	return parsed, nil
}

// GlobalID returns the product's id in the API.
func (p *Product) GlobalID() string { return GlobalID(KindProduct, p.ID.String()) }

// GlobalID returns the variant's id in the API; its key is the sku.
func (v *ProductVariant) GlobalID() string { return GlobalID(KindProductVariant, v.SKU) }

// GlobalID returns the category's id in the API.
func (c *Category) GlobalID() string { return GlobalID(KindCategory, c.ID.String()) }

// GlobalID returns the attribute's id in the API.
func (a *Attribute) GlobalID() string { return GlobalID(KindAttribute, a.ID.String()) }

// GlobalID returns the picture's id in the API.
func (m *ProductMedia) GlobalID() string { return GlobalID(KindProductMedia, m.ID.String()) }

// GlobalID returns the mail's id in the API.
func (m *EmailMessage) GlobalID() string { return GlobalID(KindEmailMessage, m.ID.String()) }

// The kinds of objects that are known by their codes; deletions name them.
const (
	KindAttributeType = "AttributeType"
	KindAttribute     = "Attribute"
	KindProductType   = "ProductType"
	KindPriceList     = "PriceList"
	KindCountry       = "Country"
	KindVatGroup      = "VatGroup"
)
