package analysis_test

import (
	"testing"

	"ecoseller/models"
	"ecoseller/search/analysis"
)

// BenchmarkQueryTokens analyses what customers type.
func BenchmarkQueryTokens(b *testing.B) {
	for language, text := range map[models.LanguageCode]string{
		"cs": "bezdrátová sluchátka bez drátu wi-fi 15.6", "en": "customer's wireless headphones 2TB wi-fi",
	} {
		analyzer := analysis.New(language)
		b.Run(string(language), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if len(analyzer.QueryTokens(text)) == 0 {
					b.Fatal("no words were found")
				}
			}
		})
	}
}
