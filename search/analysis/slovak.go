package analysis

import "strings"

var slovak = &Language{
	Code: "sk",
	StopWords: strings.Fields(`a aby aj ako ale alebo ani az by do i je jeho jej ich k ku kde ktora ktore ktory na nez
		o od po pod pred pri pre s sa si so ta tato ten tento the to u v vam vas vo z za zo ze`),
	stem: stemSlovak,
	negation: negationWords{
		prepositions: []string{"bez", "bezo"}, before: []string{"eho", "ych", "ich", "ej"},
		prefix: "bez", phrases: []string{"bez %s"},
	},
}
