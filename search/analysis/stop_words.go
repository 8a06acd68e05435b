package analysis

import (
	"strings"

	"ecoseller/models"
)

// StopWords returns the words of a language that say nothing about a product, without accents. Both
// engines leave them out.
func StopWords(language models.LanguageCode) []string {
	base, _, _ := strings.Cut(string(language), "-")
	switch base {
	case "cs":
		return strings.Fields(`a aby ale ani az bez by do i jak je jeho jej jeji jejich k ke kde ktera ktere ktery na nebo
			nez o od po pod pred pri pro s se si tak tato ten tento the to u v vam ve vas z za ze`)
	case "sk":
		return strings.Fields(`a aby aj ako ale alebo ani az bez by do i je jeho jej ich k ku kde ktora ktore ktory na nez
			o od po pod pred pri pre s sa si so ta tato ten tento to u v vam vas vo z za zo ze`)
	case "en":
		return strings.Fields(`a an and are as at be but by for if in into is it no not of on or such that the their then
			there these they this to was will with`)
	}
	return nil
}
