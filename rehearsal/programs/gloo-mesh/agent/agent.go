// Package agent is Gloo Mesh's agent on a workload cluster: it reports what there is, and writes what is asked for.
package agent

import (
	"context"
	"errors"
	"log"
	"maps"
	"reflect"
	"sync"
	"time"

	"rehearsal/programs/gloo-mesh/kube"
	"rehearsal/programs/gloo-mesh/mesh"
	"rehearsal/programs/gloo-mesh/relay"
)

const (
	// How long changes are gathered before they are reported.
	settling = 200 * time.Millisecond
	// How long to wait before what has failed is tried again.
	pause = 2 * time.Second
	// How often a report is sent where nothing has changed: a management server that has restarted needs one.
	heartbeat = 10 * time.Second
	manager   = "gloo-mesh"
)

// Agent is one agent that has joined.
type Agent struct {
	client  *kube.Client
	relay   *relay.Client
	seen    *discovery
	written map[string]*kube.Store

	report, work chan struct{}

	mutex     sync.Mutex
	connected error
	desired   *mesh.Desired
	failures  map[string]string
}

var errNotConnected = errors.New("not connected to the relay")

// New watches the cluster.
func New(ctx context.Context, client *kube.Client, to *relay.Client) *Agent {
	a := &Agent{
		client: client, relay: to, written: map[string]*kube.Store{}, connected: errNotConnected,
		report: make(chan struct{}, 1), work: make(chan struct{}, 1), failures: map[string]string{},
	}
	a.seen = discover(ctx, client, func() { touch(a.report); touch(a.work) })
	for name, kind := range mesh.IstioKinds {
		own := kube.Selection{Labels: mesh.ReconcilerLabel + "=" + mesh.Reconciler}
		a.written[name] = kube.Watch(ctx, client, kind, own, func() { touch(a.work) })
	}
	return a
}

func touch(channel chan struct{}) {
	select {
	case channel <- struct{}{}:
	default:
	}
}

// Ready says what the agent lacks to be ready.
func (a *Agent) Ready() error {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return a.connected
}

// Run does the agent's work, until the relay does not let it any more.
func (a *Agent) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ends := make(chan error, 2)
	go func() { ends <- a.reportAll(ctx) }()
	go func() { ends <- a.listen(ctx) }()
	go a.reconcile(ctx)
	return errors.New(a.relay.Reason(<-ends))
}

// reached takes in what came of asking the relay; an error of its own is one that nothing helps against.
func (a *Agent) reached(ctx context.Context, err error) error {
	a.mutex.Lock()
	before := a.connected
	a.connected = err
	if err != nil {
		a.connected = errors.New(a.relay.Reason(err))
	}
	now := a.connected
	a.mutex.Unlock()
	switch {
	case err == nil && before != nil:
		log.Print("connected to the relay")
	case err != nil && relay.IsFinal(err):
		return err
	case err != nil:
		if before == nil || before.Error() != now.Error() {
			log.Print(now)
		}
		rest(ctx, time.Second)
	}
	return nil
}

// reportAll tells the relay what there is, whenever that changes.
func (a *Agent) reportAll(ctx context.Context) error {
	var last mesh.Cluster
	var when time.Time
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-a.report:
		case <-time.After(heartbeat):
		}
		rest(ctx, settling)
		if err := a.seen.synced(); err != nil {
			continue
		}
		content := a.seen.report()
		a.mutex.Lock()
		content.Failures = maps.Clone(a.failures)
		a.mutex.Unlock()
		if reflect.DeepEqual(content, last) && time.Since(when) < heartbeat {
			continue
		}
		err := a.relay.Report(ctx, content)
		if err == nil {
			last, when = content, time.Now()
		} else {
			touch(a.report)
		}
		if err := a.reached(ctx, err); err != nil {
			return err
		}
	}
}

// listen waits for what the cluster is to be.
func (a *Agent) listen(ctx context.Context) error {
	revision := ""
	for ctx.Err() == nil {
		desired, isNew, err := a.relay.Desired(ctx, revision)
		if err == nil && isNew {
			revision = desired.Revision
			a.mutex.Lock()
			a.desired = &desired
			a.mutex.Unlock()
			touch(a.work)
		}
		if err := a.reached(ctx, err); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// reconcile makes the cluster what it is to be; what cannot be done is tried again, and reported.
func (a *Agent) reconcile(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			return
		case <-a.work:
		}
		rest(ctx, settling/2)
		a.mutex.Lock()
		desired := a.desired
		a.mutex.Unlock()
		if desired == nil || a.synced() != nil {
			continue
		}
		failures := a.write(ctx, desired.Objects)
		a.tell(ctx, desired.Statuses)
		a.mutex.Lock()
		changed := !reflect.DeepEqual(a.failures, failures)
		a.failures = failures
		a.mutex.Unlock()
		if changed {
			touch(a.report)
		}
		if len(failures) > 0 {
			rest(ctx, pause)
			touch(a.work)
		}
	}
}

func (a *Agent) synced() error {
	var stores []*kube.Store
	for _, store := range a.written {
		stores = append(stores, store)
	}
	return kube.AllSynced(stores)
}

// write applies and removes objects of Istio; it answers with what could not be done.
func (a *Agent) write(ctx context.Context, desired []kube.Object) map[string]string {
	var existing []kube.Object
	for _, store := range a.written {
		existing = append(existing, store.List()...)
	}
	work := Plan(desired, existing)
	failures := map[string]string{}
	done := func(verb string, object kube.Object, err error) {
		if err == nil {
			log.Printf("%s %s", verb, mesh.Key(object))
			return
		}
		failures[mesh.Key(object)] = err.Error()
		a.mutex.Lock()
		known := a.failures[mesh.Key(object)] == err.Error()
		a.mutex.Unlock()
		if !known {
			log.Printf("%s could not be %s: %v", mesh.Key(object), verb, err)
		}
	}
	for _, object := range work.Apply {
		done("applied", object, a.client.Apply(ctx, mesh.IstioKinds[object.Kind], object, manager))
	}
	for _, object := range work.Delete {
		kind := mesh.IstioKinds[object.Kind]
		done("removed", object, a.client.Delete(ctx, kind, object.Metadata.Namespace, object.Metadata.Name))
	}
	return failures
}

// tell writes what the management server says of the resources that are in this cluster.
func (a *Agent) tell(ctx context.Context, statuses []mesh.Status) {
	for _, status := range statuses {
		store := a.seen.resources[status.Kind]
		if store == nil {
			continue
		}
		object, found := store.Get(status.Namespace, status.Name)
		if !found || status.IsTold(object) {
			continue
		}
		if err := a.client.SetStatus(ctx, store.Kind(), status.Namespace, status.Name, status.Content()); err != nil {
			log.Printf("the status of %s %s/%s cannot be written: %v", status.Kind, status.Namespace, status.Name, err)
		}
	}
}

func rest(ctx context.Context, duration time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(duration):
	}
}
