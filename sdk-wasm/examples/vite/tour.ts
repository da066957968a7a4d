// The contract: what an owner may broadcast, and what a follower receives.
import { z } from "zod";

export const schemas = {
  goTo: z.tuple([z.number().int().min(1)]),
};
