package models

import (
	"encoding/json"
	"fmt"
	"strings"
)

// TranslatedTextInput is a text in one language; nil or an empty one removes it.
type TranslatedTextInput struct {
	Language LanguageCode
	Text     *string
}

// TranslatedChange returns the texts as a JSON object in which what is removed is null, to be laid over the
// stored one.
func TranslatedChange(inputs []*TranslatedTextInput) (string, error) {
	texts := map[LanguageCode]*string{}
	for _, in := range inputs {
		texts[in.Language] = nil
		if in.Text == nil {
			continue
		}
		if text := strings.TrimSpace(*in.Text); text != "" {
			texts[in.Language] = &text
		}
	}
	raw, err := json.Marshal(texts)
	if err != nil {
		return "", fmt.Errorf("write texts: %w", err)
	}
	return string(raw), nil
}

// checkTranslatedName adds what keeps the names from being stored.
func (e *UserErrors) checkTranslatedName(inputs []*TranslatedTextInput, languages Languages) {
	seen := map[LanguageCode]bool{}
	for i, in := range inputs {
		path := fmt.Sprintf("input.name.%d", i)
		if !languages.Supports(in.Language) {
			e.Addf(UserErrorUnknownLanguage, path+".language", "the shop does not speak %q; it speaks %v", in.Language, languages.Supported)
		}
		if seen[in.Language] {
			e.Addf(UserErrorInvalid, path+".language", "%q is there twice", in.Language)
		}
		seen[in.Language] = true
		if in.Text != nil {
			e.checkText(path+".text", *in.Text, maxTitleLength)
		}
	}
}
