package indexer

// Documents reads products and builds their documents, without writing them anywhere.
var Documents = (*Indexer).documents
