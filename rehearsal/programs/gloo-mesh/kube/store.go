package kube

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

const (
	// How long to wait after the API server has refused or gone.
	pause = time.Second
	// How often to look whether a kind has come that was not there.
	patience = 3 * time.Second
)

// Store has all objects of a kind as they are now.
type Store struct {
	kind    Kind
	changed func()

	mutex   sync.Mutex
	objects map[string]Object
	synced  bool
}

// Selection says which objects of a kind are wanted.
type Selection struct {
	// Namespace is the only one; none means all of them.
	Namespace string
	// Labels is a label selector.
	Labels string
}

// Watch keeps all objects of a kind, and says when they have changed. A kind that the cluster does not know has none,
// until the cluster knows it.
func Watch(ctx context.Context, client *Client, kind Kind, selection Selection, changed func()) *Store {
	store := &Store{kind: kind, changed: changed, objects: map[string]Object{}}
	path := kind.Path(selection.Namespace, "") + "?labelSelector=" + url.QueryEscape(selection.Labels)
	go func() {
		for ctx.Err() == nil {
			store.follow(ctx, client, path)
		}
	}()
	return store
}

// List has all objects, in the order of their keys.
func (s *Store) List() []Object {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.SortedFunc(maps.Values(s.objects), func(a, b Object) int { return cmp.Compare(a.Key(), b.Key()) })
}

// Get has one object.
func (s *Store) Get(namespace, name string) (Object, bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	object, found := s.objects[namespace+"/"+name]
	return object, found
}

// Kind is that of its objects.
func (s *Store) Kind() Kind { return s.kind }

// Synced says whether the store has been told of all there is.
func (s *Store) Synced() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.synced
}

// follow lists all objects, and takes in what happens to them, until the watch ends.
func (s *Store) follow(ctx context.Context, client *Client, path string) {
	var list struct {
		Metadata Metadata
		Items    []Object
	}
	err := client.do(ctx, http.MethodGet, path, "", nil, &list)
	if IsRefused(err, http.StatusNotFound) {
		s.replace(nil)
		sleep(ctx, patience)
		return
	}
	if err != nil {
		s.complain(ctx, err)
		return
	}
	s.replace(list.Items)
	watch := path + "&watch=true&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=" +
		url.QueryEscape(list.Metadata.ResourceVersion)
	answer, err := client.open(ctx, http.MethodGet, watch, "", nil)
	if err != nil {
		s.complain(ctx, err)
		return
	}
	defer answer.Body.Close()
	for events := json.NewDecoder(answer.Body); ; {
		var event struct {
			Type   string
			Object Object
		}
		if events.Decode(&event) != nil {
			return
		}
		if !s.take(event.Type, event.Object) {
			return
		}
	}
}

func (s *Store) complain(ctx context.Context, err error) {
	// An API server that has only just learned of a kind asks for a moment.
	if ctx.Err() == nil && !IsRefused(err, http.StatusTooManyRequests) {
		log.Printf("%s cannot be watched: %v", s.kind.Plural, err)
	}
	sleep(ctx, pause)
}

func (s *Store) replace(items []Object) {
	s.mutex.Lock()
	s.synced = true
	s.objects = make(map[string]Object, len(items))
	for _, item := range items {
		s.put(item)
	}
	s.mutex.Unlock()
	s.changed()
}

// take takes in an event; false where the watch is of no use any more.
func (s *Store) take(event string, object Object) bool {
	switch event {
	case "ADDED", "MODIFIED", "DELETED":
		s.mutex.Lock()
		if event == "DELETED" {
			delete(s.objects, object.Key())
		} else {
			s.put(object)
		}
		s.mutex.Unlock()
		s.changed()
		return true
	case "BOOKMARK":
		return true
	default:
		return false
	}
}

// put keeps an object; those of a list do not say what kind they are.
func (s *Store) put(object Object) {
	object.APIVersion, object.Kind = s.kind.APIVersion(), s.kind.Kind
	s.objects[object.Key()] = object
}

// AllSynced says whether every store has been told of all there is; an error names one that has not.
func AllSynced(stores []*Store) error {
	for _, store := range stores {
		if !store.Synced() {
			return fmt.Errorf("%s are not listed yet", store.kind.Plural)
		}
	}
	return nil
}

func sleep(ctx context.Context, duration time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(duration):
	}
}
