/** Names of the virtual clusters of the article's lab, the management cluster first. */
export const clusters = ["devmgmt", "devcluster1", "devcluster2"] as const;
