package relevance

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/search"
)

// Searcher is what is measured.
type Searcher interface {
	Search(ctx context.Context, r search.Request) (*search.Result, error)
}

// Catalogue tells by which skus a product is known.
type Catalogue interface {
	ProductVariantsByProductIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID][]*models.ProductVariant, error)
}

// Report has the measures of all queries, in the queries' order.
type Report struct {
	Queries  []Query
	Measures []Measures
	// Mean is over the queries; Empty counts those without a hit.
	Mean  Measures
	Empty int
}

// Evaluate searches for each query in the languages of the chain and measures the first hundred hits.
func Evaluate(ctx context.Context, s Searcher, catalogue Catalogue, chain []models.LanguageCode, queries []Query) (*Report, error) {
	report := &Report{Queries: queries}
	for _, q := range queries {
		hits, err := skusOfHits(ctx, s, catalogue, chain, q.Text)
		if err != nil {
			return nil, fmt.Errorf("search %q: %w", q.Text, err)
		}
		report.Measures = append(report.Measures, Measure(q, hits))
	}
	report.Mean, report.Empty = mean(report.Measures)
	return report, nil
}

func skusOfHits(ctx context.Context, s Searcher, catalogue Catalogue, chain []models.LanguageCode, text string) ([][]string, error) {
	result, err := s.Search(ctx, search.Request{Text: text, Chain: chain, First: recallDepth})
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(result.Hits))
	for i, hit := range result.Hits {
		ids[i] = hit.ProductID
	}
	variants, err := catalogue.ProductVariantsByProductIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	hits := make([][]string, len(ids))
	for i, id := range ids {
		for _, variant := range variants[id] {
			hits[i] = append(hits[i], variant.SKU)
		}
	}
	return hits, nil
}

// Write prints a line for each query, in the alphabet's order, and one for all.
func (r *Report) Write(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "nDCG@10\tMRR\trecall@100\tquery")
	order := make([]int, len(r.Queries))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(r.Queries[a].Text, r.Queries[b].Text) })
	for _, i := range order {
		m, note := r.Measures[i], ""
		if m.Empty {
			note = " (no hits)"
		}
		_, _ = fmt.Fprintf(table, "%.4f\t%.4f\t%.4f\t%s%s\n", m.NDCG, m.ReciprocalRank, m.Recall, r.Queries[i].Text, note)
	}
	_, _ = fmt.Fprintf(table, "%.4f\t%.4f\t%.4f\tall %d queries, %d without hits\n",
		r.Mean.NDCG, r.Mean.ReciprocalRank, r.Mean.Recall, len(r.Queries), r.Empty)
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
