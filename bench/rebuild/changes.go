package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"ecoseller/config"
	"ecoseller/jobs"
	"ecoseller/search"
	"ecoseller/search/elastic"
	"ecoseller/search/indexer"
	"ecoseller/search/postgres"
	"ecoseller/store"
)

// measureChanges changes products, in one transaction as an update of many prices does, or in one each, and tells how
// long it takes until a worker has made all of them searchable in both engines.
func measureChanges(ctx context.Context, cfg *config.Config, s *store.Store, o options) error {
	engine, err := elastic.New(elastic.Options{
		Addresses: []string{cfg.Elastic.Host}, Username: cfg.Elastic.Username, Password: cfg.Elastic.Password,
		Index: o.alias, Languages: languages(cfg).Supported, Logger: slog.Default(),
	})
	if err != nil {
		return err
	}
	x := indexer.New(s, languages(cfg), postgres.New(s, postgres.Options{Languages: languages(cfg).Supported, Boosts: search.Boosts(cfg.Boosts)}), engine)
	worker := jobs.NewWorker(s, jobs.NewHandlers(s, x, nil), nil, jobs.Options{Logger: slog.Default()})
	working, stop := context.WithCancel(ctx)
	defer stop()
	go worker.Run(working)

	ids, err := s.ProductIDsAfter(ctx, uuid.Nil, o.changes)
	if err != nil {
		return err
	}
	for _, way := range []struct {
		name string
		size int
	}{{"in one transaction", len(ids)}, {"in a transaction each", 1}} {
		started := time.Now()
		for at := 0; at < len(ids); at += way.size {
			err := s.InTx(ctx, func(ctx context.Context, tx *store.Store) error { return tx.TouchProducts(ctx, ids[at:at+way.size]) })
			if err != nil {
				return err
			}
		}
		committed := time.Since(started)
		if err := awaitVersions(ctx, s, engine); err != nil {
			return err
		}
		fmt.Printf("%d products changed %s: committed after %s, searchable after %s\n",
			len(ids), way.name, committed.Round(time.Millisecond), time.Since(started).Round(time.Millisecond))
	}
	return nil
}

// awaitVersions waits until searches see every product at its present version.
func awaitVersions(ctx context.Context, s *store.Store, engine search.Engine) error {
	var last uuid.UUID
	for {
		products, err := s.IndexVersionsAfter(ctx, last, 5000)
		if err != nil || len(products) == 0 {
			return err
		}
		documents, err := engine.Versions(ctx, last, 5000)
		if err != nil {
			return err
		}
		same := len(products) == len(documents)
		for i := 0; same && i < len(products); i++ {
			same = products[i] == documents[i]
		}
		if same {
			last = products[len(products)-1].ProductID
			continue
		}
		time.Sleep(50 * time.Millisecond)
	}
}
