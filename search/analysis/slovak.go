package analysis

import "strings"

var slovak = &Language{
	Code: "sk",
	StopWords: strings.Fields(`a aby aj ako ale alebo ani az by do i je jeho jej ich k ku kde ktora ktore ktory na nez
		o od po pod pred pri pre s sa si so ta tato ten tento the to u v vo z za zo ze`),
	Analyzer:   "slovak_autocomplete_hunspell_analyzer",
	Dictionary: "sk_SK_ascii",
	stemmer:    slovakStemmer,
	negation: negationWords{
		prepositions: []string{"bez", "bezo"}, before: []string{"eho", "ych", "ich", "ej"},
		prefix: "bez", suffix: "ovy", phrases: []string{"bez %s"},
	},
}

// slovakStemmer knows inflection only, as czechStemmer does.
var slovakStemmer = []stemRule{
	change(4, "iel", "l").behind("dst"), // svietidiel
	changeAnywhere("ie", "e"), changeAnywhere("ia", "a"), changeAnywhere("iu", "u"),
	cutPrefix("naj", slovakComparatives+" "+slovakShortComparatives),
	cutPrefix("ne", slovakVerbs),
	cutPrefix("ne", "a e i").behind("bdhjlmpsz"),
	comparative("vyss", "vysok"), comparative("nizs", "nizk"), comparative("krats", "kratk"), comparative("vacs", "velk"),
	comparative("mens", "mal"), comparative("blizs", "blizk"), comparative("uzs", "uzk"), comparative("tazs", "tazk"),
	comparative("sirs", "sirok"), comparative("hlbs", "hlbok"), comparative("makks", "makk"), comparative("lahs", "lahk"), comparative("tens", "tenk"),
	cut(3, slovakComparatives),
	cut(3, slovakShortComparatives).behind("bdghkltrvzn"),
	change(2, `uju ujem ujes uje ujeme ujete uj ujte ujme ujuc ujuci ujuca ujuce ujuceho ujucemu ujucom ujucim ujucich
		ujucimi ujucej ujucu ujucou ovat oval ovala ovalo ovali ovav`, "uj"),
	change(3, "ova ove ovy oveho ovemu ovom ovym ovych ovymi ovou ovej ovu", "w"),
	change(3, "la lo li", "n").behind("kh"),
	cut(3, "te").behind("bcdhjklmpvz"),
	cut(3, "me").behind("bcdhjkmnpstvz"),
	cut(3, "mi").behind(consonants),
	change(3, "ame eme ime ate ete ite aju eju ajuc ejuc ac aj ajte ajme ejte as es is", "+"),
	cut(3, `a e i o u y ou ii em im om ym am um ach och ech ich ych ami emi imi ymi
		eho emu omu ej ov ovi ova ata aty atam atach atami us`),
	cut(3, "al el il yl ul ol at it et yt ut uc"),
	cut(2, "+"),
	cut(2, "e").behind(consonants).inFrontOf(consonantsButJ),
	cut(2, "o").behind(consonants).inFrontOf("k"),
}

const (
	slovakComparatives      = "ejsi ejsa ejse ejseho ejsemu ejsim ejsich ejsom ejsej ejsou ejsu ejsimi"
	slovakShortComparatives = "si sa se seho semu sim sich som sej sou su simi"
	slovakVerbs             = `at it et ut yt l la lo li am im em as is es ame ime eme ate ite ete aju eju uju uje
		uj ujte ujme aj ajte ajme ej ejte te me uc ac`
)
