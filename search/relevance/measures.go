package relevance

import (
	"math"
	"slices"
)

// The depths at which results are measured.
const (
	ndcgDepth   = 10
	recallDepth = 100
)

// Measures say how good one result is; each is from 0 to 1.
type Measures struct {
	// NDCG is the normalized discounted cumulative gain of the first 10 hits, with the gain 2^grade − 1 and the
	// discount log2(rank + 1) (K. Järvelin, J. Kekäläinen, "Cumulated gain-based evaluation of IR techniques",
	// 2002; C. Burges et al., "Learning to rank using gradient descent", 2005).
	NDCG float64
	// ReciprocalRank is 1 / the rank of the first hit with a positive grade.
	ReciprocalRank float64
	// Recall is the share of products with a positive grade among the first 100 hits.
	Recall float64
	// Empty says that there were no hits.
	Empty bool
}

// Measure compares hits, best first, each known by its skus, with the grades of a query. A hit has the best grade
// of its skus.
func Measure(q Query, hits [][]string) Measures {
	grades := make([]int, len(hits))
	for i, skus := range hits {
		for _, sku := range skus {
			grades[i] = max(grades[i], q.Grades[sku])
		}
	}
	return Measures{
		NDCG:           gain(grades) / gain(idealGrades(q)),
		ReciprocalRank: reciprocalRank(grades),
		Recall:         recall(grades, q),
		Empty:          len(hits) == 0,
	}
}

func idealGrades(q Query) []int {
	var grades []int
	for _, grade := range q.Grades {
		grades = append(grades, grade)
	}
	slices.SortFunc(grades, func(a, b int) int { return b - a })
	return grades
}

func gain(grades []int) float64 {
	sum := 0.0
	for i, grade := range grades[:min(len(grades), ndcgDepth)] {
		sum += (math.Exp2(float64(grade)) - 1) / math.Log2(float64(i+2))
	}
	return sum
}

func reciprocalRank(grades []int) float64 {
	for i, grade := range grades {
		if grade > 0 {
			return 1 / float64(i+1)
		}
	}
	return 0
}

func recall(grades []int, q Query) float64 {
	found, all := 0, 0
	for _, grade := range grades[:min(len(grades), recallDepth)] {
		if grade > 0 {
			found++
		}
	}
	for _, grade := range q.Grades {
		if grade > 0 {
			all++
		}
	}
	return float64(found) / float64(all)
}

// mean is the mean of measures over queries, and how many of them had no hits.
func mean(all []Measures) (m Measures, empty int) {
	for _, one := range all {
		m.NDCG += one.NDCG / float64(len(all))
		m.ReciprocalRank += one.ReciprocalRank / float64(len(all))
		m.Recall += one.Recall / float64(len(all))
		if one.Empty {
			empty++
		}
	}
	return m, empty
}
