package analysis

import "strings"

var german = &Language{
	Code: "de",
	StopWords: strings.Fields(`aber als am an auch auf aus bei bis das dass dem den der des die dies diese diesem diesen
		dieser dieses durch ein eine einem einen einer eines er es fur hat ich ihr ihre im in ist mit nach nicht nur
		oder sich sie sind so uber um und unter vom von vor war was wie wird zu zum zur`),
	negation: negationWords{
		prepositions: []string{"ohne"}, ends: []string{"mit", "fur", "aber", "in", "auf", "aus", "von", "bis", "zum", "zur"},
		phrases: []string{"ohne %s", "kein %s", "keine %s"}, words: []string{"%slos", "%sfrei"},
	},
}
