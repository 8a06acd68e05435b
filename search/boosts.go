package search

// Boosts say how much it counts where a word of the text stands. The defaults of the configuration were measured on
// judged queries, with `ecoseller relevance`.
type Boosts struct {
	Title, ShortDescription, AttributeList, Brand float64
	// Text is for words anywhere in the product.
	Text float64
	// AllWords is for products that have all words of the text, AllInTitle for those that have them in the title.
	AllWords, AllInTitle float64
	// Without is for texts that say what a query says with "without".
	Without float64
	// Accents is for titles that have the accents of the query.
	Accents float64
}
