package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PolicyStatus has the form of a policy's status in the Gateway API: what became
// of the policy, for each object that it reaches.
//
// +kubebuilder:object:generate=true
type PolicyStatus struct {
	// Ancestors has one entry for each object that the policy reaches.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Ancestors []PolicyAncestor `json:"ancestors"`
}

// PolicyAncestor is what became of a policy for one object.
//
// +kubebuilder:object:generate=true
type PolicyAncestor struct {
	// AncestorRef names the object.
	AncestorRef AncestorRef `json:"ancestorRef"`
	// ControllerName names who wrote this.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ControllerName string `json:"controllerName"`
	// Conditions has the type Programmed.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// AncestorRef names an object.
//
// +kubebuilder:object:generate=true
type AncestorRef struct {
	// Group is its API group, "" for the core.
	// +optional
	Group *string `json:"group,omitempty"`
	// Kind is its kind.
	// +optional
	Kind *string `json:"kind,omitempty"`
	// Namespace is where it is, nil for the policy's own.
	// +optional
	Namespace *string `json:"namespace,omitempty"`
	// Name is its name.
	Name string `json:"name"`
	// SectionName names a part of it.
	// +optional
	SectionName *string `json:"sectionName,omitempty"`
	// Port is one of its ports.
	// +optional
	Port *int32 `json:"port,omitempty"`
}
