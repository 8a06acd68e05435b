// Package resolvers answers the fields of the schema: it checks permissions, asks store, search and jobs, and
// shapes the answer.
package resolvers

import (
	"context"

	"ecoseller/mail"
	"ecoseller/media"
	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/queryplan"
	"ecoseller/search/statistics"
	"ecoseller/search/suggest"
	"ecoseller/store"
	"ecoseller/subscriptions"
)

// Searcher finds products: an engine, or one with another behind it.
type Searcher interface {
	Search(ctx context.Context, r search.Request) (*search.Result, error)
}

// Resolver holds what the resolvers need.
type Resolver struct {
	Store    *store.Store
	Searcher Searcher
	// QueryPlan answers searches as Searcher does, but does not count them; it also tries rules.
	QueryPlan *queryplan.Searcher
	// Statistics counts clicks; nil when the shop does not count.
	Statistics *statistics.Recorder
	// Completer makes the suggestions for what is being typed.
	Completer *suggest.Completer
	// Media keeps uploaded pictures; nil when there is no place for them.
	Media *media.Library
	// MediaAddresses knows where clients find them.
	MediaAddresses models.MediaAddresses
	// Composer writes and checks mail.
	Composer *mail.Composer
	// EmailRates say how much mail is too much.
	EmailRates models.EmailRates
	// MaxPage is how many items a page may have; 0 means 100.
	MaxPage int
	// Jobs tells of the changes of jobs.
	Jobs *subscriptions.Jobs
	// MessageIDDomain is the right side of the Message-IDs of our mail.
	MessageIDDomain string
}

// visible returns the product unless it is missing or hidden from the caller.
func visible(p *models.Product, token *models.AccessToken) *models.Product {
	if p == nil || !p.Published && !token.Can(models.PermissionReadUnpublished) {
		return nil
	}
	return p
}
