package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// KongConsumerGroup is a group that consumers belong to.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:storageversion
// +kubebuilder:resource:shortName=kcg,categories=kong-ingress-controller;kong;all
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`,description="Age"
// +kubebuilder:printcolumn:name="Programmed",type=string,JSONPath=`.status.conditions[?(@.type=="Programmed")].status`
type KongConsumerGroup struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec describes the group.
	// +optional
	Spec KongConsumerGroupSpec `json:"spec,omitempty"`

	// Status is written by the gateway.
	// +optional
	Status KongConsumerGroupStatus `json:"status,omitempty"`
}

// KongConsumerGroupList is a list of KongConsumerGroup.
//
// +kubebuilder:object:root=true
type KongConsumerGroupList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []KongConsumerGroup `json:"items"`
}

// KongConsumerGroupSpec describes a group.
//
// +kubebuilder:object:generate=true
type KongConsumerGroupSpec struct {
	// Name is the group's name in Kong; the object's own when empty.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// Tags are words to find the group by.
	// +optional
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=128
	Tags []string `json:"tags,omitempty"`
}

// KongConsumerGroupStatus is what the gateway made of a group.
//
// +kubebuilder:object:generate=true
type KongConsumerGroupStatus struct {
	// Conditions has the type Programmed.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}
