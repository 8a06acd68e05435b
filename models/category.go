package models

import (
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Category is a node of the tree that products are found by.
type Category struct {
	bun.BaseModel `bun:"table:categories,alias:c"`

	ID        uuid.UUID `bun:",pk"`
	Code      string
	ParentID  *uuid.UUID
	Published bool
	Position  int
	// Version grows with every change to the category, not with those to its products.
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time

	Translation CategoryTranslation `bun:"embed:translation_"`
	Chain       []LanguageCode      `bun:"-"`
}

// CategoryTranslation is a category's text in one language.
type CategoryTranslation struct {
	CategoryID      uuid.UUID
	Language        LanguageCode
	Title           string
	Slug            string
	MetaTitle       string
	MetaDescription string
	Description     string
}

// Title is nil when the category has no text.
func (c *Category) Title() *string { return orNil(c.Translation.Title) }

// Slug is nil when the category has no text.
func (c *Category) Slug() *string { return orNil(c.Translation.Slug) }

// Description is nil when there is none.
func (c *Category) Description() *string { return orNil(c.Translation.Description) }

// Language is the language of the texts, nil when there are none.
func (c *Category) Language() *LanguageCode { return orNil(c.Translation.Language) }
