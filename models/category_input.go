package models

import "github.com/99designs/gqlgen/graphql"

// CategoryInput is a change to a category: a field that is not set stays.
type CategoryInput struct {
	Published          graphql.Omittable[*bool]
	Translations       graphql.Omittable[[]*CategoryTranslationInput]
	RemoveTranslations graphql.Omittable[[]LanguageCode]
}

// CategoryTranslationInput is a change to a category's texts in one language.
type CategoryTranslationInput struct {
	Language        LanguageCode
	Title           graphql.Omittable[*string]
	Slug            graphql.Omittable[*string]
	MetaTitle       graphql.Omittable[*string]
	MetaDescription graphql.Omittable[*string]
	Description     graphql.Omittable[*string]
}

// CategoryChange is a CategoryInput that was found right.
type CategoryChange struct {
	Published   *bool
	Texts       []TextChange
	RemoveTexts []LanguageCode
}

// Check returns the change that the input asks for, or UserErrors.
func (in *CategoryInput) Check(languages Languages) (*CategoryChange, error) {
	var problems UserErrors
	if in.Published.IsSet() && in.Published.Value() == nil {
		problems.Addf(UserErrorInvalid, "input.published", "published is true or false")
	}
	change := &CategoryChange{Published: in.Published.Value(), RemoveTexts: in.RemoveTranslations.Value()}
	for _, t := range in.Translations.Value() {
		c := TextChange{Language: t.Language}
		c.add("title", t.Title)
		c.add("slug", t.Slug)
		c.add("meta_title", t.MetaTitle)
		c.add("meta_description", t.MetaDescription)
		c.add("description", t.Description)
		change.Texts = append(change.Texts, c)
	}
	problems.checkTexts(change.Texts, languages)
	return change, problems.OrNil()
}
