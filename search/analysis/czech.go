package analysis

import "strings"

var czech = &Language{
	Code: "cs",
	StopWords: strings.Fields(`a aby ale ani az by do i jak je jeho jej jeji jejich k ke kde ktera ktere ktery na nebo
		nez o od po pod pred pri pro s se si tak tato ten tento the to u v vam ve vas z za ze`),
	stem: stemCzech,
	negation: negationWords{
		prepositions: []string{"bez", "beze"}, before: []string{"eho", "iho", "ych", "ich", "ej"},
		prefix: "bez", phrases: []string{"bez %s"},
	},
}
