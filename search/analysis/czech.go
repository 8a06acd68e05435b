package analysis

import "strings"

var czech = &Language{
	Code: "cs",
	StopWords: strings.Fields(`a aby ale ani az by do i jak je jeho jej jeji jejich k ke kde ktera ktere ktery na nebo
		nez o od po pod pred pri pro s se si tak tato ten tento the to u v ve z za ze`),
	Analyzer:   "czech_autocomplete_hunspell_analyzer",
	Dictionary: "cs_CZ_ascii",
	stemmer:    czechStemmer,
	negation: negationWords{
		prepositions: []string{"bez", "beze"}, before: []string{"eho", "iho", "ych", "ich", "ej"},
		prefix: "bez", suffix: "ovy", phrases: []string{"bez %s"},
	},
}

// czechStemmer knows inflection only: cases, conjugation, comparison. What a noun, its adjective and its
// verb have in common it leaves alone.
var czechStemmer = []stemRule{
	cutPrefix("nej", czechComparatives+" si siho simu sim sich simi eji"),
	cutPrefix("ne", `at it et yt out l la lo li ly am ame ime eme ate ite ete aji eji uji uje ujes ujeme ujete
		uj ujte ej ejte te`),
	cutPrefix("ne", "a i").behind("bdhjlmpsz"),
	irregular("mit", "mam mas ma mame mate maji mej mejte mejme mel mela melo meli mely nema nemam nemame nemate nemaji nemel nemela nemelo nemeli nemely"),
	irregular("jenz", "jehoz jejichz jejiz jimz jimiz jemuz nichz nimiz nimz nehoz nemuz nemz"),
	irregular("clovek", "lide lidi lidem lidech lidmi"),
	irregular("ok", "oci ocim ocich ocima"), irregular("uch", "usi usim usich usima"),
	irregular("dom", "dum"), irregular("noz", "nuz"), irregular("sol", "sul"), irregular("hol", "hul"), irregular("kon", "kun"), irregular("voz", "vuz"),
	irregular("vetr", "vitr"), irregular("snehu", "snih"),
	comparative("vyss", "vysok"), comparative("nizs", "nizk"), comparative("krats", "kratk"), comparative("vets", "velk"),
	comparative("mens", "mal"), comparative("dels", "dlouh"), comparative("blizs", "blizk"), comparative("uzs", "uzk"),
	comparative("snazs", "snadn"), comparative("tezs", "tezk"), comparative("sirs", "sirok"), comparative("hlubs", "hlubok"),
	comparative("mekc", "mekk"), comparative("lehc", "lehk"), comparative("tenc", "tenk"), comparative("hezc", "hezk"),
	cut(3, "koliv koli"),
	change(2, "ctejsi ctejsiho ctejsimu ctejsim ctejsich ctejsimi", "ck"),
	cut(3, czechComparatives),
	cut(3, "si siho simu sim sich simi").behind("bdghkltrvz"),
	change(2, `uji uju uje ujes ujeme ujete ujou uj ujte ujme ujici ujiciho ujicimu ujicim ujicich ujicimi
		ovat oval ovala ovalo ovali ovaly`, "uj"),
	change(3, "ova ove ovy oveho ovemu ovem ovym ovych ovymi ovou", "w"),
	change(2, "ce", "k").behind("bdfhjklmprstvz"),
	cut(3, "te").behind("bdjmtvz"),
	cut(3, "mi").behind(consonants),
	change(3, "ame ime eme ate ite ete aji eji iji ije ijes ijeme ijete ijte ijme ajici ejici ejte ejme", "+"),
	cut(3, `a e i o u y ou em im um am om ym ech ach ich ych ami emi imi ymi ama
		eho emu iho imu
		ata aty atum atech eti etem at ovi us`),
	change(3, "del", "dl"), // svítidel
	cut(3, "al el il yl ul at it et yt out"),
	cut(2, "+"),
	change(2, "jd", "j"),
	change(2, "ss", "ch"),
	cut(2, "e").behind(consonants).inFrontOf(consonantsButJ),
	change(2, "u", "o").inFrontOf(consonantsButJ),
}

const (
	czechComparatives = "ejsi ejsiho ejsimu ejsim ejsich ejsimi"
	consonantsButJ    = "bcdfghklmnpqrstvwxz"
)
